"""`edge-bench peers`: CPU time a frame beside the loops people write."""

from __future__ import annotations

import argparse

from benchmarks.commands.common import Commands, add_output, at_least_one, finish, say


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser("peers", help="CPU time a frame beside the loops people write")
    command.add_argument("--frames", type=int, default=150, metavar="N", help="(150)")
    add_output(command)
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    from benchmarks import peers

    measured = peers.measure(at_least_one(arguments.frames, "--frames"), say)
    return finish(arguments, "peers", measured, peers.as_text, peers.figures(measured))
