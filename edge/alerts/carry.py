"""Taking alerts from one database to another: off a disk that fails, and back onto it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge.alerts.schedule import OPEN
from edge.alerts.schema import (
    ALERT_COLUMNS,
    DELIVERY_COLUMNS,
    Connection,
    connect,
    migrate,
    transaction,
)

ALERTS, DELIVERIES = ALERT_COLUMNS.split(", "), DELIVERY_COLUMNS.split(", ")
# a later word on a delivery that is not over replaces it; what is over stays so
_KEY = ("alert", "sink")
_MERGE = ", ".join(f"{name} = excluded.{name}" for name in DELIVERIES if name not in _KEY)


def carry(
    source: sqlite3.Connection, target: sqlite3.Connection, *, living_only: bool = False
) -> int:
    """Take every alert to `target`; nothing there is doubled.

    What cannot be read of a damaged source is left out.

    Args:
        source: From where; what it says of a delivery is the newer word.
        target: To where.
        living_only: Leave out incidents that are over everywhere.

    Returns:
        How many deliveries that are not final were found.

    Raises:
        sqlite3.Error: `target` cannot be written; nothing was.
    """
    alerts = {row[0]: row for row in _scan(source, "alerts", ALERTS)}
    deliveries = {row[:2]: row for row in _scan(source, "deliveries", DELIVERIES)}
    wanted = _living(alerts, deliveries) if living_only else set(alerts)
    with transaction(target):
        for row in alerts.values():
            if row[0] in wanted:
                _insert(target, "alerts", ALERTS, row, "NOTHING")
        merge = f"(alert, sink) DO UPDATE SET {_MERGE} WHERE deliveries.state IN {OPEN}"
        for row in deliveries.values():
            if row[0] in wanted:
                _insert(target, "deliveries", DELIVERIES, row, merge)
    return sum(row[2] in OPEN and row[0] in alerts for row in deliveries.values())


def read_what_is_there(path: Path) -> sqlite3.Connection | None:
    """Open a file that cannot be written, to read from; None if that cannot be, either."""
    with suppress(OSError):  # within a folder that may not be entered
        if path.is_file():
            return _read_only(path)
    return None


def _read_only(path: Path) -> sqlite3.Connection | None:
    for how in ("mode=ro", "mode=ro&immutable=1"):
        with suppress(sqlite3.Error):
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?{how}", uri=True, timeout=0.5, factory=Connection
            )
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            try:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
                return connection
            except sqlite3.Error:
                connection.close()
    return None


def rescued(source: sqlite3.Connection | None) -> tuple[sqlite3.Connection, int]:
    """A new database in memory with what is not over in `source`, and how many deliveries wait."""
    memory = connect(None)
    migrate(memory)
    return memory, carry(source, memory, living_only=True) if source is not None else 0


def _living(alerts: dict[Any, tuple[Any, ...]], deliveries: dict[Any, tuple[Any, ...]]) -> set[Any]:
    """Ids of the alerts whose incident still has something to send or to resolve."""
    resolved = {row[1] for row in alerts.values() if row[2] == "resolved"}
    living = {row[1] for row in alerts.values() if row[2] == "firing"} - resolved
    waiting = {row[0] for row in deliveries.values() if row[2] in OPEN}
    living |= {alerts[alert][1] for alert in waiting if alert in alerts}
    return {row[0] for row in alerts.values() if row[1] in living}


def _scan(source: sqlite3.Connection, table: str, columns: list[str]) -> Iterator[tuple[Any, ...]]:
    """Every row that can be read: from the start up to the damage, then from the end."""
    names = ", ".join(columns)
    for direction in ("ASC", "DESC"):
        try:
            cursor = source.execute(f"SELECT {names} FROM {table} ORDER BY rowid {direction}")
            for row in cursor:
                yield tuple(row)
        except sqlite3.Error:
            continue
        return


def _insert(
    target: sqlite3.Connection, table: str, columns: list[str], row: tuple[Any, ...], conflict: str
) -> None:
    marks = ", ".join("?" * len(row))
    # what a flipped bit has made of a row may not fit; such a row is lost
    with suppress(sqlite3.IntegrityError, sqlite3.InterfaceError):
        target.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) ON CONFLICT"
            + (f" DO {conflict}" if conflict == "NOTHING" else f" {conflict}"),
            row,
        )
