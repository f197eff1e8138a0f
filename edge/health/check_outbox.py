"""The doctor on the outbox: is the file whole, and what waits in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shlex import quote as quoted
from urllib.parse import quote

from edge.alerts.schema import Connection
from edge.health.finding import AS_ROOT, Finding, failed, ok, unknown, warning

BUSY = 3.0  # seconds to wait for the service's writes
MANY = 20  # that wait; a sink must have been away for a while


def look_at_outbox(path: Path) -> Iterator[Finding]:
    """Read the outbox, changing nothing, whether or not the service runs."""
    try:
        path.stat()
    except FileNotFoundError:
        yield ok("outbox", f"{path}: not there yet; the first start makes it")
    except OSError as error:
        yield unknown("outbox", f"{path}: cannot be looked at ({error.strerror})", AS_ROOT)
    else:
        yield from _read(path)
    aside = sorted(path.parent.glob(f"{path.name}.corrupt-*")) if path.parent.is_dir() else []
    if aside:
        told = (
            f"{len(aside)} damaged file{'s' if len(aside) > 1 else ''} set aside, {aside[-1].name}"
        )
        yield warning("outbox damage", told, "a card that fails? see the line on the card; then rm")


def _read(path: Path) -> Iterator[Finding]:
    try:
        with closing(_opened(path)) as connection:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
            if found != "ok":
                raise sqlite3.DatabaseError(found)
            counts = dict(
                connection.execute("SELECT state, count(*) FROM deliveries GROUP BY state")
            )
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):  # an empty file, as a power cut at the start leaves it
            yield ok("outbox", f"{path}: empty")
            return
        yield unknown("outbox", f"{path}: cannot be read ({error})", AS_ROOT)
    except sqlite3.Error as error:
        told = f"{path}: is damaged ({error})"
        yield failed("outbox", told, "restart the service: it sets it aside and saves what waits")
    else:
        yield _judged(path, {str(state): int(number) for state, number in counts.items()})


def _opened(path: Path) -> sqlite3.Connection:
    # read-only, so that an outbox in use is not touched; a ? in the name must not end it
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    return sqlite3.connect(address, uri=True, timeout=BUSY, factory=Connection)


def _judged(path: Path, counts: dict[str, int]) -> Finding:
    waiting = counts.get("pending", 0) + counts.get("waiting", 0)
    dead = counts.get("dead", 0)
    told = f"{path}: whole; {waiting} waiting, {dead} given up, {counts.get('sent', 0)} sent"
    ask = f"sudo edge-run alerts --set outbox.path={quoted(str(path))}"
    if dead:
        advice = f"{ask} list --state dead says why; the same with retry --all sends them again"
        return warning("outbox", told, advice)
    if waiting > MANY:
        return warning("outbox", told, f"{ask} list --state pending says for whom, and why")
    return ok("outbox", told)
