from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.alerts import schema
from edge.alerts.carry import read_what_is_there
from edge.alerts.schema import (
    APPLICATION,
    VERSION,
    DamagedError,
    UnusableError,
    open_existing,
    open_file,
    pragma,
    reason,
    transaction,
)


def other(path: Path, *statements: str) -> bytes:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return path.read_bytes()


def test_a_new_file_is_made_as_it_must_be(tmp_path: Path) -> None:
    with closing(open_file(tmp_path / "deep" / "outbox")) as connection:
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        assert (mode, pragma(connection, "synchronous")) == ("wal", 2)
        assert pragma(connection, "foreign_keys") == 1
        assert pragma(connection, "user_version") == VERSION
        assert pragma(connection, "application_id") == APPLICATION


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "outbox"
    open_file(path).close()
    before = path.read_bytes()
    open_file(path).close()
    assert path.read_bytes() == before


def test_an_older_version_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "outbox"
    open_file(path).close()
    monkeypatch.setattr(schema, "VERSION", 2)
    monkeypatch.setattr(
        schema, "MIGRATIONS", (*schema.MIGRATIONS, "ALTER TABLE alerts ADD COLUMN more TEXT")
    )
    with closing(open_file(path)) as connection:
        connection.execute("SELECT more FROM alerts")
        assert pragma(connection, "user_version") == 2


def test_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "outbox"
    open_file(path).close()
    before = other(path, "PRAGMA user_version = 99")
    with pytest.raises(UnusableError, match="newer edge-run"):
        open_file(path)
    assert path.read_bytes() == before


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs"
    other(path, "CREATE TABLE theirs (x)")
    with pytest.raises(UnusableError, match="another program's"):
        open_file(path)
    with closing(sqlite3.connect(path)) as connection:
        assert pragma(connection, "application_id") == 0
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 1


@pytest.mark.parametrize(
    "statement",
    [
        "PRAGMA user_version = 0",
        "DROP TABLE deliveries",
        "ALTER TABLE alerts DROP COLUMN acked",
    ],
)
def test_an_outbox_that_is_none_any_more_is_damaged(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "outbox"
    open_file(path).close()
    other(path, statement)
    with pytest.raises(DamagedError):
        open_file(path)


def test_text_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "outbox"
    path.write_text("This is no database. " * 100)
    with pytest.raises(DamagedError):
        open_file(path)


def test_a_changed_application_id_alone_is_no_reason_to_lose_it(tmp_path: Path) -> None:
    path = tmp_path / "outbox"
    open_file(path).close()
    other(path, "PRAGMA application_id = 5")
    open_file(path).close()


def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    with closing(open_file(tmp_path / "outbox")) as connection:
        insert = (
            "INSERT INTO alerts (id, incident, kind, purpose, rule, wall, boot, boot_id, body)"
            " VALUES (?, 'i', 'firing', 'visitor', 'r', 0, 0, '', '')"
        )
        with pytest.raises(sqlite3.IntegrityError), transaction(connection):
            connection.executemany(insert, [("a",), ("a",)])
        with transaction(connection):
            connection.execute(insert, ("b",))
        assert [row["id"] for row in connection.execute("SELECT id FROM alerts")] == ["b"]


def test_beside_the_service_nothing_is_made_or_changed(tmp_path: Path) -> None:
    path = tmp_path / "outbox"
    with pytest.raises(UnusableError, match="no outbox yet"):
        open_existing(path)
    assert not path.exists()
    path.write_text("This is no database. " * 100)
    with pytest.raises(UnusableError, match="damaged"):
        open_existing(path)
    path.unlink()
    open_file(path).close()
    other(path, "PRAGMA user_version = 99")
    with pytest.raises(UnusableError, match="restart the service"):
        open_existing(path)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_FULL, "disk full; make room in"),
        (sqlite3.SQLITE_BUSY, "locked by another program"),
        (sqlite3.SQLITE_READONLY, "read-only"),
        (sqlite3.SQLITE_CANTOPEN, "check the owner of"),
        (sqlite3.SQLITE_IOERR, "replace the card"),
        (sqlite3.SQLITE_NOMEM, "cannot be used: oh"),
    ],
)
def test_reasons_say_what_to_do(tmp_path: Path, code: int, words: str) -> None:
    error = sqlite3.OperationalError("oh")
    error.sqlite_errorcode = code
    assert words in reason(error, tmp_path / "outbox")
    assert "is a folder" in reason(sqlite3.OperationalError(), tmp_path)
    assert "check the owner" in reason(PermissionError(13, "denied"), tmp_path / "outbox")


@pytest.mark.parametrize("bad", [b"\xff", b"\xbd\xfe"])
def test_a_schema_that_is_no_text_is_damage(tmp_path: Path, bad: bytes) -> None:
    """SQLite names the broken table in its message, which Python then cannot decode."""
    path = tmp_path / "outbox"
    open_file(path).close()
    content = path.read_bytes()
    name = content.index(b"tabledeliveriesdeliveries") + len(b"table")
    content = content[:name] + bad + content[name + len(bad) :]
    path.write_bytes(content.replace(b"CREATE TABLE deliveries", b"CREATE TABLE deliver(es"))
    with pytest.raises(DamagedError):
        open_file(path)
    with pytest.raises(UnusableError, match="damaged"):
        open_existing(path)
    assert read_what_is_there(path) is None
