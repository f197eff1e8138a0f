"""`edge-bench accuracy`: every shipped file on FER-2013."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.commands.common import Commands, add_data, add_output, finish, say
from edge.vision.card import DEFAULT_CARD


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser("accuracy", help="every shipped file on FER-2013")
    add_data(command)
    command.add_argument(
        "--card", type=Path, default=DEFAULT_CARD, help="model card (the shipped one)"
    )
    add_output(command)
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    from benchmarks import accuracy
    from train.data import load

    say(f"reading {arguments.data} ...")
    measured = accuracy.measure(arguments.card, load(arguments.data), say)
    return finish(arguments, "accuracy", measured, accuracy.as_text, accuracy.figures(measured))
