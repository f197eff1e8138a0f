"""`edge-bench soak`: the real service for minutes: does anything grow."""

from __future__ import annotations

import argparse

from benchmarks.commands.common import Commands
from edge.errors import UsageError


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser("soak", help="the real service for minutes: does anything grow")
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    raise UsageError("being written")
