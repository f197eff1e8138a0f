"""`edge-bench alerts`: visits, alerts and false alarms."""

from __future__ import annotations

import argparse

from benchmarks.commands.common import Commands
from edge.errors import UsageError


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser("alerts", help="visits, alerts and false alarms")
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    raise UsageError("being written")
