"""What the outbox asks of its database, one function a question; the caller holds the lock.

Functions that write are called within `schema.transaction`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.alerts.clock import Moment
from edge.alerts.notification import Notification
from edge.alerts.schedule import State, resolve_state

NEVER_SENT = "its alert was never delivered here"
CROWDED = "more alerts waited than outbox.keep_alerts"

# (sink, state) of each delivery that has become final
Ended = list[tuple[str, State]]


@dataclass(frozen=True)
class Row:
    """A delivery that is not final.

    Attributes:
        alert, sink: Its key; `alert` is the notification's id.
        state: `pending` or `waiting`.
        kind, purpose, rule, body: The notification's; `body` is all of it as JSON.
        since: From when its time to live counts.
        attempts, error: How many tries have been noted, and what the last of them met.
        uncertain: A try was neither accepted nor surely refused.
        asked: An operator asked for it to be tried again.
    """

    alert: str
    sink: str
    state: State
    kind: str
    purpose: str
    rule: str
    body: str
    since: Moment
    attempts: int
    error: str
    uncertain: bool
    asked: bool


def put(
    connection: sqlite3.Connection,
    notification: Notification,
    routes: Iterable[str],
    now: Moment,
    disabled: dict[str, str],
) -> Ended:
    """Keep a notification for each sink; one with a known id is kept already.

    A resolve goes where its firing went, whatever `routes` says by now.
    """
    n = notification
    added = connection.execute(
        "INSERT OR IGNORE INTO alerts"
        " (id, incident, kind, purpose, rule, wall, boot, boot_id, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (n.id, n.incident, n.kind, n.purpose, n.rule, *_parts(now), n.as_json()),
    ).rowcount
    if not added:
        return []
    states: dict[str, tuple[State, str]] = dict.fromkeys(routes, ("pending", ""))
    if n.kind == "resolved" and (firing := _firing(connection, n.incident)) is not None:
        states = {}
        for sink, (state, uncertain) in firing.items():
            became = resolve_state(state, uncertain)
            states[sink] = became, NEVER_SENT if became == "expired" else ""
    for sink, (state, _) in states.items():
        if sink in disabled and state in ("pending", "waiting"):
            states[sink] = "dead", disabled[sink]
    connection.executemany(
        "INSERT INTO deliveries (alert, sink, state, error, wall, boot, boot_id,"
        " changed_wall, changed_boot, changed_boot_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (n.id, sink, state, error, *_parts(now), *_parts(now))
            for sink, (state, error) in states.items()
        ],
    )
    return [(sink, state) for sink, (state, _) in states.items() if state in ("dead", "expired")]


def _firing(connection: sqlite3.Connection, incident: str) -> dict[str, tuple[State, bool]] | None:
    """By sink, the state of an incident's firing and whether it may have arrived."""
    ids = _ids(connection, incident, "firing")
    if not ids:
        return None
    found = connection.execute(
        "SELECT sink, state, uncertain FROM deliveries WHERE alert = ?", ids[:1]
    )
    return {row["sink"]: (row["state"], bool(row["uncertain"])) for row in found}


def rows(connection: sqlite3.Connection, sink: str) -> list[Row]:
    """All that is not final at a sink, oldest first."""
    return _rows(connection, "sink = ?", sink)


def crowd(connection: sqlite3.Connection, keep: int) -> list[Row]:
    """What waits although `keep` alerts or more are newer, oldest first."""
    return _rows(connection, "a.rowid <= ?", _border(connection, keep))


def all_rows(connection: sqlite3.Connection) -> list[Row]:
    """All that is not final, oldest first."""
    return _rows(connection, "?", 1)


def _rows(connection: sqlite3.Connection, condition: str, value: str | int) -> list[Row]:
    found = connection.execute(
        "SELECT alert, sink, state, kind, purpose, rule, body, d.wall, d.boot, d.boot_id,"
        " attempts, error, uncertain, asked FROM deliveries d JOIN alerts a ON a.id = d.alert"
        f" WHERE state IN ('pending', 'waiting') AND {condition} ORDER BY a.rowid",
        (value,),
    )
    return [
        Row(
            alert=row["alert"],
            sink=row["sink"],
            state=row["state"],
            kind=row["kind"],
            purpose=row["purpose"],
            rule=row["rule"],
            body=row["body"],
            since=Moment(row["wall"], row["boot"], row["boot_id"]),
            attempts=row["attempts"],
            error=row["error"],
            uncertain=bool(row["uncertain"]),
            asked=bool(row["asked"]),
        )
        for row in found
    ]


def is_pending(connection: sqlite3.Connection, row: Row) -> bool:
    """Whether a row is still to be sent; the command line may have changed it."""
    found = connection.execute(
        "SELECT 1 FROM deliveries WHERE alert = ? AND sink = ? AND state = 'pending'",
        (row.alert, row.sink),
    )
    return found.fetchone() is not None


def doubt(connection: sqlite3.Connection, row: Row) -> bool:
    """Note that a firing may arrive from now on; False if it is not to be sent any more.

    Without this a process killed in the middle of a try would not know of it.
    """
    return bool(
        connection.execute(
            "UPDATE deliveries SET uncertain = 1"
            " WHERE alert = ? AND sink = ? AND state = 'pending'",
            (row.alert, row.sink),
        ).rowcount
    )


def failed(
    connection: sqlite3.Connection, row: Row, error: str, *, uncertain: bool, tries: int
) -> None:
    """So many tries were not accepted; another may be."""
    connection.execute(
        "UPDATE deliveries SET attempts = attempts + ?, error = ?, uncertain = ?"
        " WHERE alert = ? AND sink = ?",
        (tries, error, uncertain, row.alert, row.sink),
    )


def finish(
    connection: sqlite3.Connection,
    row: Row,
    state: State,
    now: Moment,
    *,
    error: str = "",
    uncertain: bool,
    tries: int,
) -> Ended:
    """A delivery is over; so is, or goes on, the resolve that waits for it.

    What was accepted is `sent` even if it was given up while it was on its way.
    """
    ended = connection.execute(
        "UPDATE deliveries SET state = ?, error = ?, uncertain = ?, attempts = attempts + ?,"
        " changed_wall = ?, changed_boot = ?, changed_boot_id = ?"
        " WHERE alert = ? AND sink = ?"
        " AND (state IN ('pending', 'waiting') OR (? = 'sent' AND state <> 'sent'))",
        (state, error, uncertain, tries, *_parts(now), row.alert, row.sink, state),
    ).rowcount
    if not ended:
        return []
    return [(row.sink, state), *_settle(connection, row.alert, row.sink, now)]


def _settle(connection: sqlite3.Connection, alert: str, sink: str, now: Moment) -> Ended:
    """Let the resolve that waits for a firing at a sink go, or end it."""
    firing = connection.execute(
        "SELECT incident, kind, state, uncertain FROM deliveries JOIN alerts ON id = alert"
        " WHERE alert = ? AND sink = ?",
        (alert, sink),
    ).fetchone()
    if firing is None or firing["kind"] != "firing":
        return []
    state = resolve_state(firing["state"], bool(firing["uncertain"]))
    error = NEVER_SENT if state == "expired" else ""
    ended: Ended = []
    for resolve in _ids(connection, firing["incident"], "resolved"):
        changed = connection.execute(
            "UPDATE deliveries SET state = ?, error = ?,"
            " changed_wall = ?, changed_boot = ?, changed_boot_id = ?"
            " WHERE alert = ? AND sink = ? AND state = 'waiting'",
            (state, error, *_parts(now), resolve, sink),
        ).rowcount
        if changed and state == "expired":
            ended.append((sink, state))
    return ended


def disable(connection: sqlite3.Connection, sink: str, error: str, now: Moment) -> Ended:
    """Give up everything that is not final at a sink."""
    given_up = connection.execute(
        "UPDATE deliveries SET state = 'dead', error = ?,"
        " changed_wall = ?, changed_boot = ?, changed_boot_id = ?"
        " WHERE sink = ? AND state IN ('pending', 'waiting')",
        (error, *_parts(now), sink),
    ).rowcount
    return [(sink, "dead")] * given_up


def accepted(connection: sqlite3.Connection, sink: str, now: Moment) -> dict[str, Moment]:
    """By rule, when a sink last accepted a visitor's firing."""
    newest: dict[str, Moment] = {}
    for row in connection.execute(
        "SELECT rule, changed_wall, changed_boot, changed_boot_id FROM deliveries"
        " JOIN alerts ON id = alert"
        " WHERE sink = ? AND state = 'sent' AND kind = 'firing' AND purpose = 'visitor'",
        (sink,),
    ):
        moment = Moment(row["changed_wall"], row["changed_boot"], row["changed_boot_id"])
        known = newest.get(row["rule"])
        if known is None or now.age(moment) <= now.age(known):
            newest[row["rule"]] = moment
    return newest


def left(connection: sqlite3.Connection) -> list[str]:
    """The bodies of the firings that nobody has resolved."""
    found = connection.execute(
        "SELECT body FROM alerts f WHERE kind = 'firing' AND NOT EXISTS"
        " (SELECT 1 FROM alerts r WHERE r.incident = f.incident AND r.kind = 'resolved')"
        " ORDER BY f.rowid"
    )
    return [row["body"] for row in found]


def waiting(connection: sqlite3.Connection) -> dict[str, int]:
    """By sink, how many deliveries are not final."""
    found = connection.execute(
        "SELECT sink, count(*) AS number FROM deliveries"
        " WHERE state IN ('pending', 'waiting') GROUP BY sink"
    )
    return {row["sink"]: row["number"] for row in found}


def purge(
    connection: sqlite3.Connection,
    now: Moment,
    *,
    days: float | None,
    keep: int | None,
    most: int,
) -> int:
    """Forget finished incidents that are old or too many.

    An incident goes as a whole: a firing whose resolve was forgotten would be resolved again.

    Args:
        connection: To the database.
        now: This moment.
        days: Older ones go; None to ask no age.
        keep: All but the newest so many alerts go; None to ask no number.
        most: At most so many incidents in one go, since a card is slow.

    Returns:
        How many alerts are gone.
    """
    border = -1 if keep is None else _border(connection, keep)
    age = "min(CASE boot_id WHEN ? THEN ? - boot ELSE max(? - wall, ?) END)"
    found = connection.execute(
        "DELETE FROM alerts WHERE incident IN (SELECT incident FROM alerts a GROUP BY incident"
        f" HAVING ({age} > ? OR max(rowid) <= ?)"
        " AND (sum(kind = 'firing') = 0 OR sum(kind = 'resolved') > 0)"
        " AND NOT EXISTS (SELECT 1 FROM deliveries JOIN alerts o ON o.id = alert"
        "  WHERE o.incident = a.incident AND state IN ('pending', 'waiting'))"
        " ORDER BY min(rowid) LIMIT ?)",
        (
            *(now.boot_id, now.boot, now.wall, now.boot),
            float("inf") if days is None else 86400 * days,
            *(border, most),
        ),
    )
    return found.rowcount


def _border(connection: sqlite3.Connection, keep: int) -> int:
    """The rowid up to which alerts are beyond the newest `keep`; -1 for none."""
    found = connection.execute(
        "SELECT rowid FROM alerts ORDER BY rowid DESC LIMIT 1 OFFSET ?", (keep,)
    ).fetchone()
    return int(found[0]) if found is not None else -1


def _ids(connection: sqlite3.Connection, incident: str, kind: str) -> Sequence[str]:
    found = connection.execute(
        "SELECT id FROM alerts WHERE incident = ? AND kind = ? ORDER BY rowid", (incident, kind)
    )
    return [row["id"] for row in found]


def _parts(moment: Moment) -> tuple[float, float, str]:
    return moment.wall, moment.boot, moment.boot_id
