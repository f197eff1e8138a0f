"""`edge-bench architectures`: every network, trained with the same small budget."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from benchmarks.commands.common import Commands, add_data, add_output, finish, say
from edge.errors import UsageError


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser(
        "architectures",
        help="every network, trained with the same small budget",
        description="Train every architecture for the same CPU minutes, convert each to int8, and "
        "set accuracy, size and latency side by side.",
    )
    add_data(command)
    command.add_argument(
        "--folder", type=Path, required=True, metavar="DIR", help="for runs, rows and the table"
    )
    command.add_argument(
        "--minutes", type=float, default=6.0, metavar="X", help="CPU minutes of training each (6)"
    )
    command.add_argument("--only", default="", metavar="NAME,...", help="these architectures (all)")
    command.add_argument(
        "--weights",
        action="append",
        default=[],
        metavar="NAME=imagenet|PATH",
        help="what this one's features start from, as often as wanted (from scratch)",
    )
    command.add_argument(
        "--threads", type=int, default=1, metavar="N", help="for training, 0 for all (1)"
    )
    command.add_argument("--resume", action="store_true", help="make the missing rows only")
    add_output(command)
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    from benchmarks import architectures

    if not 0 < arguments.minutes < math.inf:
        raise UsageError(f"--minutes {arguments.minutes:g}: must be above 0")
    if arguments.threads < 0:
        raise UsageError(f"--threads {arguments.threads}: must be 0 or more")
    measured = architectures.measure(
        arguments.data,
        arguments.folder,
        arguments.minutes,
        only=tuple(name for name in arguments.only.split(",") if name),
        weights=dict(_pair(text) for text in arguments.weights),
        threads=arguments.threads,
        resume=arguments.resume,
        say=say,
    )
    found = architectures.figures(measured)
    return finish(arguments, "architectures", measured, architectures.as_text, found)


def _pair(text: str) -> tuple[str, str]:
    name, equals, source = text.partition("=")
    if not (name and equals and source):
        raise UsageError(f"--weights {text!r}: must be NAME=imagenet or NAME=PATH")
    return name, source
