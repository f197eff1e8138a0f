"""`edge-bench soak`: the real service for minutes: does anything grow."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from benchmarks.commands.common import Commands, add_output, finish
from edge.errors import EX_INTERRUPTED, EdgeError, UsageError

if TYPE_CHECKING:
    from benchmarks import soak

SHORTEST = 0.05  # minutes


class GrowthError(EdgeError, RuntimeError):
    """Something grew that must not."""


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser(
        "soak",
        help="the real service for minutes: does anything grow",
        description="Run the service on the built-in visitor and watch memory, open files, "
        "threads, CPU time, time a frame, dropped frames and alerts. Ends with an error if "
        "anything surely grows by more than its limit; Ctrl-C ends it early.",
    )
    command.add_argument("--minutes", type=float, default=10.0, metavar="N", help="(10)")
    command.add_argument(
        "--pace",
        choices=("live", "off"),
        default="live",
        help="off: frames as fast as the machine can look at them; slopes are then by the hour "
        "of the camera's time (live)",
    )
    command.add_argument(
        "--frames",
        type=int,
        metavar="N",
        help="end after so many, if --minutes are not over before; 864000 are a day at 10 a second",
    )
    _add_limits(command)
    add_output(command)
    command.set_defaults(run_it=_run)


def _add_limits(command: argparse.ArgumentParser) -> None:
    from benchmarks.soak.limits import Limits

    limits = command.add_argument_group("limits, by the hour of watching")
    for name, what in (
        ("rss", "MiB of RSS come on top"),
        ("files", "open files come on top"),
        ("threads", "threads come on top"),
        ("p99", "milliseconds come on top of the 99th percentile of a frame"),
        ("dropped", "percent of the frames are dropped"),
    ):
        default = getattr(Limits, name)
        limits.add_argument(
            f"--max-{name}",
            type=float,
            default=default,
            metavar="N",
            help=f"fail if more than N {what} ({default:g})".replace("%", "%%"),
        )


def _run(arguments: argparse.Namespace) -> int:
    from benchmarks import soak

    measured = soak.measure(_plan(arguments), _limits(arguments))
    warnings = [*measured["unclear"], *measured["condition"]["warnings"]]
    finish(arguments, "soak", measured, soak.as_text, soak.figures(measured), warnings=warnings)
    if measured["grew"]:
        raise GrowthError("; ".join(measured["grew"]))
    return EX_INTERRUPTED if measured["interrupted"] else 0


def _plan(arguments: argparse.Namespace) -> soak.Plan:
    from benchmarks.soak import Plan

    if not SHORTEST <= arguments.minutes < float("inf"):
        raise UsageError(f"--minutes {arguments.minutes:g}: must be at least {SHORTEST:g}")
    if arguments.frames is not None and arguments.frames < 1:
        raise UsageError(f"--frames {arguments.frames}: must be at least 1")
    return Plan(60 * arguments.minutes, arguments.pace, arguments.frames or 0)


def _limits(arguments: argparse.Namespace) -> soak.Limits:
    from benchmarks.soak import Limits

    given = {name: getattr(arguments, f"max_{name}") for name in Limits.__dataclass_fields__}
    if bad := [name for name, limit in given.items() if not limit >= 0]:
        raise UsageError(f"--max-{bad[0]} {given[bad[0]]:g}: must be 0 or more")
    return Limits(**given)
