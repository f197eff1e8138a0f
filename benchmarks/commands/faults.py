"""`edge-bench faults`: everything that goes wrong at a desk, on purpose."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.commands.common import Commands, add_output, finish, new_file, say
from edge.errors import EdgeError


class LostError(EdgeError, RuntimeError):
    """An alert was lost, or told twice."""


def add(commands: Commands) -> None:
    """Register the command."""
    from benchmarks.faults.measure import FAULTS

    command = commands.add_parser(
        "faults",
        help="kill, unplug, fill, stop and garble everything, and count what was lost",
        description="Break one thing after the other, a great many times, with a real database, "
        "broker, web server and processes, and count the alerts that were lost or told twice. "
        "Ends with an error if there are any. Whole: about half an hour; --quick: two minutes.",
    )
    command.add_argument(
        "names", nargs="*", metavar="FAULT", help=f"which; all by default: {', '.join(FAULTS)}"
    )
    command.add_argument("--quick", action="store_true", help="a first look at each")
    command.add_argument(
        "--results", type=new_file, metavar="FILE.md", help="write the table there, too"
    )
    add_output(command)
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    from benchmarks import faults
    from benchmarks.faults.measure import FAULTS, QUICK
    from edge.errors import UsageError

    if unknown := [name for name in arguments.names if name not in FAULTS]:
        raise UsageError(f"{unknown[0]}: no such fault; there are {', '.join(FAULTS)}")
    plan = QUICK if arguments.quick else faults.Plan()
    measured = faults.measure(plan, arguments.names)
    finish(arguments, "faults", measured, faults.as_text, faults.figures(measured))
    if arguments.results:
        _keep(arguments.results, measured)
    if bad := [row for row in measured["rows"] if row["lost"] or row["doubled"]]:
        raise LostError("; ".join(f"{row['fault']}: {row['told']}" for row in bad))
    return 0


def _keep(path: Path, measured: dict[str, object]) -> None:
    from benchmarks.faults.page import page
    from edge.files import write_text

    write_text(path, page(measured))
    say(f"{path}: written")
