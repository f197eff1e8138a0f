"""`edge-run alerts`: what was raised, whom it reached, and trying again.

All but `test` work beside the running service, which notices within half a minute.

Examples:
    edge-run alerts list                        the newest alerts and whom they reached
    edge-run alerts list --state dead --since 2d
    edge-run alerts show 3f2a                   all about one; the start of its ID is enough
    edge-run alerts retry 3f2a                  try again what was given up
    edge-run alerts retry --all --sink desk
    edge-run alerts export --csv > alerts.csv
    edge-run alerts test --config /etc/edge-run/config.toml
"""

from __future__ import annotations

import argparse
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edge.command import parser, run_command
from edge.config.arguments import add_config_arguments, load_from, wants_json
from edge.errors import EX_NOINPUT, EX_UNAVAILABLE, EdgeError, OutputError, UsageError
from edge.message import one_line

if TYPE_CHECKING:
    from edge.alerts.history import Entry


UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
NEWEST = 50  # alerts that `list` shows


class OutboxNotFoundError(EdgeError, FileNotFoundError):
    """There is no outbox, or none that can be read."""

    exit_code = EX_NOINPUT


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(_parser(), argv)


def _parser() -> argparse.ArgumentParser:
    from edge.alerts.schedule import STATES

    made = parser("edge-run alerts", __doc__)
    add_config_arguments(made)
    jobs = made.add_subparsers(required=True, metavar="COMMAND")

    def job(name: str, run: Callable[[argparse.Namespace], int], about: str) -> _Job:
        added = jobs.add_parser(name, help=about, description=about, allow_abbrev=False)
        add_config_arguments(added)
        added.set_defaults(run_it=run)
        return added

    listing = job("list", _list, "the newest alerts and whom they reached")
    listing.add_argument("--state", choices=STATES, help="only with a delivery in that state")
    listing.add_argument("--sink", metavar="NAME", help="only with a delivery to that sink")
    listing.add_argument("--since", metavar="WHEN", help="e.g. 2h, 3d, 2026-11-20")
    listing.add_argument("--limit", type=_count, default=NEWEST, metavar="N", help="(%(default)s)")
    listing.add_argument("--csv", action="store_true", help="CSV, for spreadsheets")
    job("show", _show, "all about one alert").add_argument("id", metavar="ID")
    again = job("retry", _retry, "have what was given up tried again")
    again.add_argument("id", nargs="?", metavar="ID")
    again.add_argument("--all", action="store_true", help="everything that is dead")
    again.add_argument("--sink", metavar="NAME", help="only to that sink")
    job("ack", _ack, "note that somebody has seen an alert").add_argument("id", metavar="ID")
    purge = job("purge", _purge, "forget alerts whose deliveries are over")
    purge.add_argument("--older", metavar="WHEN", help="older than e.g. 7d; else by [outbox]")
    purge.add_argument("--all", action="store_true", help="all whose deliveries are over")
    export = job("export", _export, "everything, as JSON lines or CSV")
    export.add_argument("--csv", action="store_true", help="CSV, for spreadsheets")
    job("test", _test, "send a marked test through each sink").add_argument(
        "sink", nargs="?", metavar="SINK"
    )
    return made


_Job = argparse.ArgumentParser


def _list(arguments: argparse.Namespace) -> int:
    from edge.alerts.history import entries
    from edge.outbox_table import as_table, write_csv, write_json

    with _opened(arguments) as (connection, _):
        found = entries(
            connection,
            state=arguments.state,
            sink=arguments.sink,
            since=_moment(arguments.since),
            limit=arguments.limit,
        )
        if arguments.csv:
            write_csv(found, sys.stdout)
        elif wants_json(arguments):
            write_json(found, sys.stdout.write)
        else:
            shown = list(found)
            print("\n".join(as_table(shown)) if shown else "no alerts")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from edge.alerts.history import entries
    from edge.outbox_table import write_csv, write_json

    with _opened(arguments) as (connection, _):
        if arguments.csv:
            write_csv(entries(connection), sys.stdout)
        else:
            write_json(entries(connection), sys.stdout.write)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from edge.outbox_table import as_lines, write_json

    with _opened(arguments) as (connection, path):
        entry = _one(connection, arguments.id, path)
    if wants_json(arguments):
        write_json([entry], sys.stdout.write)
    else:
        print("\n".join(as_lines(entry)))
    return 0


def _retry(arguments: argparse.Namespace) -> int:
    from edge.alerts.clock import system_clock
    from edge.alerts.history import retry, retry_dead

    if (arguments.id is None) == (not arguments.all):
        raise UsageError("retry needs an ID or --all, not both; see edge-run alerts list")
    with _opened(arguments) as (connection, path):
        if arguments.all:
            revived = retry_dead(connection, arguments.sink, system_clock())
        else:
            entry = _one(connection, arguments.id, path)
            revived = retry(connection, entry, arguments.sink, system_clock())
    print(
        f"{revived} to be tried again; a running service begins within half a minute"
        if revived
        else "nothing to try again: all is sent, still to be sent, or waits for another; "
        "see edge-run alerts list"
    )
    return 0


def _ack(arguments: argparse.Namespace) -> int:
    from edge.alerts.clock import system_clock
    from edge.alerts.history import ack
    from edge.outbox_table import SHORT

    with _opened(arguments) as (connection, path):
        entry = _one(connection, arguments.id, path)
        new = ack(connection, entry, system_clock())
    print(f"{entry.id[:SHORT]} {'is' if new else 'was already'} noted as seen")
    return 0


def _purge(arguments: argparse.Namespace) -> int:
    from edge.alerts.clock import system_clock
    from edge.alerts.outbox import PURGED_AT_ONCE
    from edge.alerts.schema import transaction
    from edge.alerts.store import purge

    if arguments.older is not None and arguments.all:
        raise UsageError("purge takes --older or --all, not both")
    limits = load_from(arguments).outbox
    days: float | None = limits.keep_days
    keep: int | None = 0 if arguments.all else limits.keep_alerts
    if arguments.older is not None:
        days, keep = _seconds(arguments.older) / UNITS["d"], None
    with _opened(arguments) as (connection, _):
        total, gone = 0, 1
        while gone:
            with transaction(connection):
                gone = purge(connection, system_clock(), days=days, keep=keep, most=PURGED_AT_ONCE)
            total += gone
    print(f"{total} forgotten; what is still to be sent or resolved stays")
    return 0


def _test(arguments: argparse.Namespace) -> int:
    from edge.outbox_test import send_tests

    failures = send_tests(load_from(arguments), arguments.sink, print)
    return EX_UNAVAILABLE if failures else 0


@contextmanager
def _opened(arguments: argparse.Namespace) -> Iterator[tuple[sqlite3.Connection, Path]]:
    from edge.alerts.place import outbox_path
    from edge.alerts.schema import UnusableError, open_existing, reason

    path = outbox_path(load_from(arguments).outbox.path)
    try:
        with closing(open_existing(path)) as connection:
            yield connection, path
    except UnusableError as error:
        raise OutboxNotFoundError(
            f"{error}; the service's needs sudo and its --config, any other --set outbox.path=FILE"
        ) from error
    except sqlite3.Error as error:
        raise OutputError(reason(error, path)) from error


def _one(connection: sqlite3.Connection, prefix: str, path: Path) -> Entry:
    """The alert that a prefix of its id means.

    Raises:
        UsageError: it means none, or several.
    """
    from edge.alerts.history import find

    found = find(connection, prefix) if prefix else []
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(entry.id for entry in found[:2])
        raise UsageError(f"{prefix}: several alerts begin like this ({ids}, ...); give more of it")
    raise UsageError(
        f"{prefix or 'an empty ID'}: no alert in {path} begins like this; "
        "see edge-run alerts list --limit 1000"
    )


def _moment(text: str | None) -> float | None:
    """`2h` or a date as seconds since 1970."""
    if text is None:
        return None
    if re.fullmatch(r"\d+(\.\d+)?[smhdw]", text):
        return datetime.now().timestamp() - _seconds(text)
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"{text}: must be a span such as 30m, 2h, 3d, or a date such as 2026-11-20 or "
            "2026-11-20T14:00"
        ) from None


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?[smhdw]", text):
        raise UsageError(f"{text}: must be a span such as 30m, 2h, 7d")
    return float(text[:-1]) * UNITS[text[-1]]


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text) or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{one_line(text)}: must be a whole number from 1")
    return int(text)
