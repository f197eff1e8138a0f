"""What the command line asks of an outbox, and the few things it may change there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge.alerts.clock import Moment
from edge.alerts.schedule import State, resolve_state
from edge.alerts.schema import transaction

GIVEN_UP: tuple[State, ...] = ("dead", "expired")


@dataclass(frozen=True)
class Attempt:
    """How one sink stands to an alert.

    Attributes:
        sink, state: Where, and what became of it.
        attempts: Tries that ended.
        uncertain: One of them may have arrived without an answer.
        error: Why it was not sent, or why the last try failed.
        changed: Wall time of the last change of state, seconds since 1970.
    """

    sink: str
    state: State
    attempts: int
    uncertain: bool
    error: str
    changed: float


@dataclass(frozen=True)
class Entry:
    """One alert with all that became of it.

    Attributes:
        id, incident, kind, purpose, rule, body: The notification's.
        at: Wall time when it was kept, seconds since 1970.
        acked: Wall time when somebody acknowledged it, or None.
        attempts: One a sink.
    """

    id: str
    incident: str
    kind: str
    purpose: str
    rule: str
    body: str
    at: float
    acked: float | None
    attempts: tuple[Attempt, ...]


def entries(
    connection: sqlite3.Connection,
    *,
    state: str | None = None,
    sink: str | None = None,
    since: float | None = None,
    limit: int | None = None,
) -> Iterator[Entry]:
    """Alerts, newest first.

    Args:
        connection: To the outbox.
        state, sink: Only those with a delivery in that state, to that sink, or both.
        since: Only those kept later than this wall time.
        limit: At most so many.
    """
    chosen = connection.execute(
        "SELECT * FROM alerts a WHERE wall >= ? AND ((? IS NULL AND ? IS NULL) OR EXISTS"
        " (SELECT 1 FROM deliveries WHERE alert = a.id"
        "  AND state = coalesce(?, state) AND sink = coalesce(?, sink)))"
        " ORDER BY a.rowid DESC LIMIT ?",
        (since if since is not None else float("-inf"), state, sink, state, sink, limit or -1),
    )
    for row in chosen:
        yield _entry(connection, row)


def find(connection: sqlite3.Connection, prefix: str) -> list[Entry]:
    """The alerts whose id begins like this; at most three, to tell one from several."""
    escaped = prefix.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    found = connection.execute(
        "SELECT * FROM alerts WHERE lower(id) LIKE ? ESCAPE '\\' ORDER BY rowid LIMIT 3",
        (escaped + "%",),
    ).fetchall()
    exact = [row for row in found if row["id"] == prefix]
    return [_entry(connection, row) for row in exact or found]


def retry(connection: sqlite3.Connection, entry: Entry, sink: str | None, now: Moment) -> int:
    """Have what is dead or expired of one alert tried again; returns how many deliveries.

    With a firing, its resolve is revived, too, to wait for it; even one that was sent, since what
    comes after it would stay raised.
    """
    with transaction(connection):
        return sum(
            _revive(connection, entry, attempt.sink, now)
            for attempt in entry.attempts
            if attempt.state in GIVEN_UP and sink in (None, attempt.sink)
        )


def retry_dead(connection: sqlite3.Connection, sink: str | None, now: Moment) -> int:
    """Have everything dead, of one sink or of all, tried again; returns how many deliveries."""
    dead = list(entries(connection, state="dead", sink=sink))
    revived = 0
    with transaction(connection):
        for entry in reversed(dead):  # a firing before its resolve
            for attempt in entry.attempts:
                if attempt.state == "dead" and sink in (None, attempt.sink):
                    revived += _revive(connection, entry, attempt.sink, now)
    return revived


def ack(connection: sqlite3.Connection, entry: Entry, now: Moment) -> bool:
    """Note that somebody has seen an alert; False if that was noted before."""
    with transaction(connection):
        return bool(
            connection.execute(
                "UPDATE alerts SET acked = ? WHERE id = ? AND acked IS NULL", (now.wall, entry.id)
            ).rowcount
        )


def _revive(connection: sqlite3.Connection, entry: Entry, sink: str, now: Moment) -> int:
    state: State = "pending"
    if entry.kind == "resolved":
        state = _by_firing(connection, entry.incident, sink)
    if state == "expired":
        return 0
    revived = _set(connection, entry.id, sink, state, GIVEN_UP, now)
    if revived and entry.kind == "firing":
        for resolve in _resolves(connection, entry.incident):
            revived += _set(connection, resolve, sink, "waiting", (*GIVEN_UP, "sent"), now)
    return revived


def _by_firing(connection: sqlite3.Connection, incident: str, sink: str) -> State:
    firing = connection.execute(
        "SELECT state, uncertain FROM deliveries JOIN alerts ON id = alert"
        " WHERE incident = ? AND kind = 'firing' AND sink = ?",
        (incident, sink),
    ).fetchone()
    if firing is None:
        return resolve_state(None, False)
    return resolve_state(firing["state"], bool(firing["uncertain"]))


def _set(
    connection: sqlite3.Connection,
    alert: str,
    sink: str,
    state: State,
    before: tuple[State, ...],
    now: Moment,
) -> int:
    parts = (now.wall, now.boot, now.boot_id)
    return connection.execute(
        "UPDATE deliveries SET state = ?, asked = 1, wall = ?, boot = ?, boot_id = ?,"
        " changed_wall = ?, changed_boot = ?, changed_boot_id = ?"
        f" WHERE alert = ? AND sink = ? AND state IN {before}",
        (state, *parts, *parts, alert, sink),
    ).rowcount


def _resolves(connection: sqlite3.Connection, incident: str) -> Sequence[str]:
    found = connection.execute(
        "SELECT id FROM alerts WHERE incident = ? AND kind = 'resolved'", (incident,)
    )
    return [row["id"] for row in found]


def _entry(connection: sqlite3.Connection, row: sqlite3.Row) -> Entry:
    found = connection.execute(
        "SELECT sink, state, attempts, uncertain, error, changed_wall FROM deliveries"
        " WHERE alert = ? ORDER BY sink",
        (row["id"],),
    )
    return Entry(
        id=row["id"],
        incident=row["incident"],
        kind=row["kind"],
        purpose=row["purpose"],
        rule=row["rule"],
        body=row["body"],
        at=row["wall"],
        acked=row["acked"],
        attempts=tuple(
            Attempt(
                one["sink"],
                one["state"],
                one["attempts"],
                bool(one["uncertain"]),
                one["error"],
                one["changed_wall"],
            )
            for one in found
        ),
    )
