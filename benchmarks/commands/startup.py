"""`edge-bench startup`: time to the first frame, and memory."""

from __future__ import annotations

import argparse

from benchmarks.commands.common import Commands, add_output, at_least_one, finish, say


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser("startup", help="time to the first frame, and memory")
    command.add_argument("--runs", type=int, default=5, metavar="N", help="(5)")
    add_output(command)
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    from benchmarks import startup

    measured = startup.measure(at_least_one(arguments.runs, "--runs"), say)
    return finish(arguments, "startup", measured, startup.as_text, startup.figures(measured))
