"""`edge-bench latency`: milliseconds by file, stage and frame."""

from __future__ import annotations

import argparse

from benchmarks.commands.common import Commands
from edge.errors import UsageError


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser("latency", help="milliseconds by file, stage and frame")
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    raise UsageError("being written")
