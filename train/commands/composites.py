"""`edge-train composites`: the faces of the built-in visitor."""

from __future__ import annotations

import argparse
from pathlib import Path

from train.commands.common import Commands, add_data, load_splits


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser("composites", help="make the built-in visitor's faces")
    add_data(command)
    command.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="edge/camera/visitor"
    )
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    from train.composites import composites, write

    write(composites(load_splits(arguments, votes_required=True)["Training"]), arguments.out)
    return 0
