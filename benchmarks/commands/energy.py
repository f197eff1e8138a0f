"""`edge-bench energy`: joules or CPU-seconds a frame."""

from __future__ import annotations

import argparse

from benchmarks.commands.common import Commands, add_output, finish, say
from edge.errors import UsageError

SHORTEST = 3.0  # seconds


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser(
        "energy",
        help="joules a frame, or CPU-seconds an hour",
        description="Measure idle, then the service on an empty desk and with one visitor. Power "
        "comes from an INA sensor, a Pi 5's power controller, RAPL or a battery; without any, CPU "
        "time is put into watts of a few boards from published figures.",
    )
    command.add_argument(
        "--seconds", type=float, default=20.0, metavar="N", help="of each of the three (20)"
    )
    add_output(command)
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    from benchmarks import energy

    if not SHORTEST <= arguments.seconds < float("inf"):
        raise UsageError(f"--seconds {arguments.seconds:g}: must be at least {SHORTEST:g}")
    measured = energy.measure(arguments.seconds, say)
    return finish(
        arguments,
        "energy",
        measured,
        energy.as_text,
        energy.figures(measured),
        warnings=[*measured["refused"], *measured["condition"]["warnings"]],
    )
