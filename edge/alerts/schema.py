"""The outbox's file: its tables, how it is opened, and what its errors mean."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

APPLICATION = 0x65646765  # marks the file as ours; `file` shows it
BUSY = 3.0  # seconds to wait for the command line's writes
TIGHT = 65536  # bytes; with less than this free, any I/O error is the full disk's

# Each script leads from its index to the next version; released ones are never changed.
MIGRATIONS = (
    """
    CREATE TABLE alerts (
        id TEXT NOT NULL PRIMARY KEY,
        incident TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('firing', 'resolved', 'test')),
        purpose TEXT NOT NULL,
        rule TEXT NOT NULL,
        wall REAL NOT NULL,
        boot REAL NOT NULL,
        boot_id TEXT NOT NULL,
        body TEXT NOT NULL,
        acked REAL
    );
    CREATE INDEX alerts_of_incident ON alerts (incident);
    CREATE TABLE deliveries (
        alert TEXT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
        sink TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('pending', 'waiting', 'sent', 'dead', 'expired')),
        attempts INTEGER NOT NULL DEFAULT 0,
        uncertain INTEGER NOT NULL DEFAULT 0,
        asked INTEGER NOT NULL DEFAULT 0,
        error TEXT NOT NULL DEFAULT '',
        wall REAL NOT NULL,
        boot REAL NOT NULL,
        boot_id TEXT NOT NULL,
        changed_wall REAL NOT NULL,
        changed_boot REAL NOT NULL,
        changed_boot_id TEXT NOT NULL,
        UNIQUE (alert, sink)
    );
    CREATE INDEX deliveries_open ON deliveries (sink) WHERE state IN ('pending', 'waiting');
    """,
)
VERSION = len(MIGRATIONS)
TABLES = {"alerts", "deliveries"}
ALERT_COLUMNS = "id, incident, kind, purpose, rule, wall, boot, boot_id, body, acked"
DELIVERY_COLUMNS = (
    "alert, sink, state, attempts, uncertain, asked, error, wall, boot, boot_id, "
    "changed_wall, changed_boot, changed_boot_id"
)


class DamagedError(Exception):
    """The file is no outbox any more; it must be set aside."""


class UnusableError(Exception):
    """The file must be left alone or cannot be used now; the text says why and what to do."""


class Connection(sqlite3.Connection):
    """Knows damage that stands in SQLite's very message, which Python then cannot read."""

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """As sqlite3's; where that raises `UnicodeDecodeError`, this raises `DatabaseError`."""
        try:
            return super().execute(*arguments)
        except UnicodeDecodeError as error:
            damage = sqlite3.DatabaseError("its schema holds what is no text")
            damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise damage from error


def connect(path: Path | None) -> sqlite3.Connection:
    """Open a database as the outbox needs it; None for one in memory.

    Raises:
        sqlite3.Error: it cannot be opened, or is none.
    """
    connection = sqlite3.connect(
        ":memory:" if path is None else path,
        timeout=BUSY,
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )
    try:
        _set_up(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection) -> None:
    connection.row_factory = sqlite3.Row
    # a flipped bit in a text is no reason to lose the row
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    for pragma in (
        "synchronous = FULL",  # what is committed survives the plug being pulled
        "foreign_keys = ON",
        "cell_size_check = ON",
        "mmap_size = 0",  # a truncated file must be an error, not a bus error
        "cache_size = -512",
    ):
        connection.execute(f"PRAGMA {pragma}")


def open_file(path: Path) -> sqlite3.Connection:
    """Open the outbox's file; make it or bring it up to date where necessary.

    Raises:
        DamagedError: it is corrupt.
        UnusableError: it cannot be used, or belongs to somebody else.
    """
    connection = None
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        connection = connect(path)
        connection.execute("PRAGMA journal_mode = WAL")
        _prepare(connection, path)
        return connection
    except (sqlite3.Error, OSError) as error:
        if connection is not None:
            connection.close()
        if is_damage(error):
            raise DamagedError(str(error)) from error
        raise UnusableError(reason(error, path)) from error
    except BaseException:
        if connection is not None:
            connection.close()
        raise


def open_existing(path: Path) -> sqlite3.Connection:
    """Open an outbox beside the service that may be running; nothing about it is changed.

    Raises:
        UnusableError: it is not there, not readable, damaged, or of another version.
    """
    try:
        if not path.exists():
            raise UnusableError(f"{path}: there is no outbox yet")
        connection = connect(path)
        try:
            version = pragma(connection, "user_version")
            _check_columns(connection)
        except BaseException:
            connection.close()
            raise
    except (sqlite3.Error, OSError, DamagedError) as error:
        if isinstance(error, DamagedError) or is_damage(error):
            raise UnusableError(
                f"{path} is not an outbox, or damaged ({error}); the service sets it aside when "
                "it starts"
            ) from error
        raise UnusableError(reason(error, path)) from error
    if version != VERSION:
        connection.close()
        raise UnusableError(
            f"{path} is of version {version}, this edge-run knows {VERSION}; restart the service"
        )
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    names = {row["name"] for row in connection.execute("SELECT name FROM sqlite_master")}
    version = pragma(connection, "user_version")
    ours = pragma(connection, "application_id") == APPLICATION
    if names and not ours and not names >= TABLES:
        raise UnusableError(f"{path} is another program's database; set outbox.path")
    if version > VERSION:
        raise UnusableError(
            f"{path} was written by a newer edge-run (version {version}, this one knows "
            f"{VERSION}); install that one again, or set outbox.path"
        )
    if names:
        _check(connection)
    if version < VERSION:
        migrate(connection)
    _check_columns(connection)


def _check(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise DamagedError(found)


def _check_columns(connection: sqlite3.Connection) -> None:
    try:
        connection.execute(f"SELECT {ALERT_COLUMNS} FROM alerts LIMIT 0")
        connection.execute(f"SELECT {DELIVERY_COLUMNS} FROM deliveries LIMIT 0")
    except sqlite3.OperationalError as error:
        raise DamagedError(str(error)) from error


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a new or older database to this version, all or nothing."""
    with transaction(connection):
        for script in MIGRATIONS[pragma(connection, "user_version") :]:
            for statement in script.split(";"):
                try:
                    connection.execute(statement)
                except sqlite3.OperationalError as error:
                    if "already exists" in str(error) or "no such" in str(error):
                        raise DamagedError(str(error)) from error  # its version is wrong
                    raise
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute(f"PRAGMA application_id = {APPLICATION}")


def pragma(connection: sqlite3.Connection, name: str) -> int:
    """The value of a numeric pragma."""
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block is committed, and on the disk, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite may have rolled back by itself
            connection.execute("ROLLBACK")
        raise


def is_damage(error: Exception) -> bool:
    """Whether an error means that the file itself is broken."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    )


def reason(error: Exception, path: Path) -> str:
    """Why the file cannot be used, and what to do."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _no_room(path)):
        return f"disk full; make room in {path.parent}"
    if _is_folder(path):
        return f"{path} is a folder; set outbox.path"
    if isinstance(error, PermissionError):
        code = sqlite3.SQLITE_CANTOPEN
    advice = {
        sqlite3.SQLITE_BUSY: "is locked by another program; end it",
        sqlite3.SQLITE_LOCKED: "is locked by another program; end it",
        sqlite3.SQLITE_READONLY: "is read-only; is the card worn out, or its owner another?",
        sqlite3.SQLITE_CANTOPEN: f"cannot be opened; check the owner of {path.parent}",
        sqlite3.SQLITE_IOERR: f"is on a disk that fails ({error}); replace the card",
    }
    return f"{path} {advice.get(code, f'cannot be used: {_words(error)}')}"


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # within a folder that may not be entered
        return False


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _no_room(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < TIGHT
    except OSError:
        return False
