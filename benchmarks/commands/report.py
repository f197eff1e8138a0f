"""`edge-bench report`: results as one page."""

from __future__ import annotations

import argparse

from benchmarks.commands.common import Commands
from edge.errors import UsageError


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser("report", help="results as one page")
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    raise UsageError("being written")
