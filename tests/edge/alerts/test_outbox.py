from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.outbox_stage import VirtualClock, alert
from edge.alerts import outbox as outbox_module
from edge.alerts import schema
from edge.alerts.database import RETRY_DISK
from edge.alerts.history import Entry, entries
from edge.alerts.outbox import Outbox, OutboxConfig
from edge.alerts.place import OutboxHeldError
from edge.alerts.schema import open_existing

DAY = 86400.0


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "outbox.sqlite3"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def on_disk(path: Path) -> dict[str, Entry]:
    with closing(open_existing(path)) as connection:
        return {entry.id: entry for entry in entries(connection)}


def opened(path: Path, clock: VirtualClock, **config: float) -> Outbox:
    return Outbox(OutboxConfig(str(path), **config), clock)  # type: ignore[arg-type]


def keys(outbox: Outbox, sink: str = "desk") -> list[str]:
    return [row.alert for row in outbox.rows(sink)]


def fill(place: Path) -> Path:
    """Use up the disk to the last byte."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    return filler


def test_it_is_on_disk_when_put_returns(path: Path, clock: VirtualClock) -> None:
    with closing(opened(path, clock)) as outbox:
        outbox.put(alert("a", "i"), ["desk", "lamp"])
        found = on_disk(path)["a"]
        assert [(one.sink, one.state) for one in found.attempts] == [
            ("desk", "pending"),
            ("lamp", "pending"),
        ]
        assert found.body == alert("a", "i").as_json()
        assert (outbox.reason, outbox.waiting("desk"), outbox.waiting("nobody")) == ("", 1, 0)


def test_an_alert_for_nobody_is_history(path: Path, clock: VirtualClock) -> None:
    with closing(opened(path, clock)) as outbox:
        outbox.put(alert("a", "i"), [])
    assert on_disk(path)["a"].attempts == ()


def test_the_same_key_again_is_kept_once(path: Path, clock: VirtualClock) -> None:
    with closing(opened(path, clock)) as outbox:
        for _ in range(3):
            outbox.put(alert("a", "i"), ["desk"])
        assert keys(outbox) == ["a"]


def test_a_resolve_goes_where_its_firing_went(path: Path, clock: VirtualClock) -> None:
    with closing(opened(path, clock)) as outbox:
        outbox.put(alert("a", "i"), ["lamp"])
        outbox.put(alert("b", "i", "resolved"), ["desk"])
        assert (keys(outbox, "desk"), keys(outbox, "lamp")) == ([], ["a", "b"])
        outbox.put(alert("c", "lost", "resolved"), ["desk"])  # whose firing is not known
        assert [(row.alert, row.state) for row in outbox.rows("desk")] == [("c", "pending")]


def test_two_processes_do_not_share_it(path: Path, clock: VirtualClock) -> None:
    with closing(opened(path, clock)) as outbox:
        with pytest.raises(OutboxHeldError, match="another edge-run"):
            opened(path, clock)
        outbox.put(alert("a", "i"), ["desk"])
    with closing(opened(path, clock)) as again:
        assert keys(again) == ["a"]


def test_what_an_earlier_process_left_firing(path: Path, clock: VirtualClock) -> None:
    with closing(opened(path, clock)) as outbox:
        outbox.put(alert("a", "i"), ["desk"])
        outbox.put(alert("b", "j"), ["desk"])
        outbox.put(alert("c", "j", "resolved"), ["desk"])
        assert outbox.left() == []
    with closing(opened(path, clock)) as again:
        again.put(alert("d", "k"), ["desk"])
        assert [one.id for one in again.left()] == ["a"]


def test_old_alerts_are_forgotten_as_whole_incidents(path: Path, clock: VirtualClock) -> None:
    with closing(opened(path, clock, keep_days=30)) as outbox:
        outbox.put(alert("a", "i"), ["desk"])
        outbox.put(alert("b", "j"), [])
        clock.go(10)
        outbox.put(alert("c", "i", "resolved"), ["desk"])
        clock.go(30 * DAY - 5)
        outbox.purge()
        assert set(on_disk(path)) == {"a", "b", "c"}  # its resolve is too young
        clock.go(10)
        outbox.purge()
        assert set(on_disk(path)) == {"a", "b", "c"}  # not sent yet, or not resolved
        for row in outbox.rows("desk"):
            outbox.finish(row, "sent")
        outbox.purge()
        assert set(on_disk(path)) == {"b"}
        outbox.put(alert("d", "j", "resolved"), [])
        clock.step(400 * DAY)
        outbox.purge()
        assert set(on_disk(path)) == {"b", "d"}  # the wall clock alone makes nothing old


def test_of_too_many_the_oldest_are_forgotten(path: Path, clock: VirtualClock) -> None:
    with closing(opened(path, clock, keep_alerts=10)) as outbox:
        for number in range(30):
            outbox.put(alert(f"k{number:02}", f"i{number}", "test"), ["desk"])
        for row in outbox.rows("desk")[:15]:
            outbox.finish(row, "sent")
        outbox.purge()
        assert sorted(on_disk(path)) == [f"k{number:02}" for number in range(20, 30)]
        assert outbox.ended("desk", "expired") == 5  # what waited for too long in a long outage


def test_what_nobody_serves_expires(path: Path, clock: VirtualClock) -> None:
    with closing(opened(path, clock)) as outbox:
        outbox.put(alert("a", "i"), ["desk", "gone"])
        clock.go(601)
        outbox.expire_unserved({"desk"})
        assert (keys(outbox, "desk"), keys(outbox, "gone")) == (["a"], [])


def test_a_full_disk_is_told_and_survived(small_disk: Path, clock: VirtualClock) -> None:
    path = small_disk / "outbox.sqlite3"
    with closing(opened(path, clock)) as outbox:
        outbox.put(alert("before", "i"), ["desk"])
        filler = fill(small_disk)
        for number in range(400):
            outbox.put(alert(f"full{number:03}", f"j{number}"), ["desk"])
        assert outbox.in_memory
        assert outbox.reason == f"outbox in memory: disk full; make room in {small_disk}"
        waiting = keys(outbox)
        assert (waiting[0], len(waiting)) == ("before", 401)
        outbox.put(alert("over", "i", "resolved"), ["desk"])
        outbox.finish(outbox.rows("desk")[0], "sent")
        outbox.finish(outbox.rows("desk")[-1], "sent")  # the incident is over, in memory only
        filler.unlink()
        assert not outbox.recover()  # not yet
        clock.go(RETRY_DISK + 1)
        assert outbox.recover()
        assert (outbox.reason, keys(outbox)) == ("", waiting[1:])
    found = on_disk(path)
    assert len(found) == 402
    assert found["before"].attempts[0].state == found["over"].attempts[0].state == "sent"


def test_a_disk_that_stays_full_is_no_crash(small_disk: Path, clock: VirtualClock) -> None:
    fill(small_disk)
    with closing(opened(small_disk / "outbox.sqlite3", clock)) as outbox:
        assert "disk full" in outbox.reason
        outbox.put(alert("a", "i"), ["desk"])
        clock.go(RETRY_DISK + 1)
        assert not outbox.recover()
        assert keys(outbox) == ["a"]


def test_a_read_only_disk(small_disk: Path, clock: VirtualClock) -> None:
    path = small_disk / "outbox.sqlite3"
    with closing(opened(path, clock)) as outbox:
        outbox.put(alert("a", "i"), ["desk"])
    remount = ["mount", "-o", "remount,ro", str(small_disk)]
    subprocess.run(remount, check=True)
    with closing(opened(path, clock)) as outbox:
        assert outbox.in_memory
        assert keys(outbox) == ["a"]  # read, though it cannot be written
        outbox.finish(outbox.rows("desk")[0], "sent")
        outbox.put(alert("b", "j"), ["desk"])
        subprocess.run([*remount[:2], "remount,rw", str(small_disk)], check=True)
        clock.go(RETRY_DISK + 1)
        assert outbox.recover()
    assert {key: one.attempts[0].state for key, one in on_disk(path).items()} == {
        "a": "sent",
        "b": "pending",
    }


def test_a_path_that_is_a_folder(tmp_path: Path, clock: VirtualClock) -> None:
    with closing(opened(tmp_path, clock)) as outbox:
        assert outbox.reason == f"outbox in memory: {tmp_path} is a folder; set outbox.path"
        outbox.put(alert("a", "i"), ["desk"])
        assert keys(outbox) == ["a"]


def test_a_path_beneath_a_file(tmp_path: Path, clock: VirtualClock) -> None:
    (tmp_path / "file").write_text("")
    with closing(opened(tmp_path / "file" / "outbox", clock)) as outbox:
        assert outbox.in_memory


def test_a_newer_file_is_left_alone(path: Path, clock: VirtualClock) -> None:
    opened(path, clock).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 7")
    before = path.read_bytes()
    with closing(opened(path, clock)) as outbox:
        assert "newer edge-run" in outbox.reason
        outbox.put(alert("a", "i"), ["desk"])
        clock.go(RETRY_DISK + 1)
        assert not outbox.recover()
        assert keys(outbox) == ["a"]
    assert path.read_bytes() == before


def test_another_program_holds_the_file(
    path: Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.alerts.schema.BUSY", 0.05)
    with closing(opened(path, clock)) as outbox, closing(sqlite3.connect(path)) as other:
        outbox.put(alert("a", "i"), ["desk"])
        other.execute("BEGIN IMMEDIATE")
        outbox.put(alert("b", "j"), ["desk"])
        assert "locked by another program" in outbox.reason
        assert keys(outbox) == ["a", "b"]
        other.rollback()
        clock.go(RETRY_DISK + 1)
        assert outbox.recover()
    assert set(on_disk(path)) == {"a", "b"}


def test_a_removed_file_is_made_anew(path: Path, clock: VirtualClock) -> None:
    with closing(opened(path, clock)) as outbox:
        outbox.put(alert("a", "i"), ["desk"])
        for file in path.parent.glob("outbox.sqlite3*"):
            if not file.name.endswith(".lock"):
                file.unlink()
        outbox.put(alert("b", "j"), ["desk"])
        assert outbox.reason == ""
    assert set(on_disk(path)) == {"a", "b"}


def test_a_removed_folder_is_made_anew_and_nobody_else_gets_its_file(
    path: Path, clock: VirtualClock
) -> None:
    with closing(opened(path, clock)) as outbox:
        shutil.rmtree(path.parent)
        outbox.put(alert("a", "i"), ["desk"])
        assert outbox.reason == ""
        with pytest.raises(OutboxHeldError):
            opened(path, clock)
    assert set(on_disk(path)) == {"a"}


def test_incidents_left_on_a_disk_that_was_away_are_found_later(
    path: Path, clock: VirtualClock
) -> None:
    with closing(opened(path, clock)) as outbox:
        outbox.put(alert("a", "i"), ["desk"])
    path.rename(path.with_name("away"))
    path.mkdir()
    with closing(opened(path, clock)) as outbox:
        outbox.put(alert("b", "j"), ["desk"])
        path.rmdir()
        path.with_name("away").rename(path)
        clock.go(RETRY_DISK + 1)
        assert outbox.recover()
        assert [one.id for one in outbox.left()] == ["a"]  # and not this process's own


def test_each_change_is_one_line_in_the_log(
    tmp_path: Path, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(opened(tmp_path, clock)) as outbox:
        for _ in range(3):
            clock.go(RETRY_DISK + 1)
            outbox.recover()
    assert len(caplog.records) == 1
    assert "outbox in memory" in caplog.text


def test_a_damaged_file_is_set_aside_and_told(path: Path, clock: VirtualClock) -> None:
    path.parent.mkdir()
    path.write_bytes(b"nothing that SQLite knows" * 1000)
    with closing(opened(path, clock)) as outbox:
        assert "outbox was damaged" in outbox.reason
        assert not outbox.in_memory
        outbox.put(alert("a", "i"), ["desk"])
        outbox.put(alert("b", "i", "resolved"), ["desk"])
        assert keys(outbox) == ["a", "b"]
    assert len(list(path.parent.glob("*.corrupt-*"))) == 1
    with closing(opened(path, clock)) as again:
        assert (again.reason, keys(again)) == ("", ["a", "b"])


def many(path: Path, clock: VirtualClock) -> None:
    """An outbox as a killed process leaves it: half of it in the log."""
    source = path.with_name("source")
    with closing(opened(source, clock)) as outbox:
        for number in range(60):
            outbox.put(alert(f"k{number}", f"i{number}"), ["desk"])
        with closing(sqlite3.connect(source)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for number in range(60, 80):
            outbox.put(alert(f"k{number}", f"i{number}"), ["desk"])
        for ending in ("", "-wal"):
            file = path.with_name(source.name + ending)
            path.with_name(path.name + ending).write_bytes(file.read_bytes())


@pytest.mark.parametrize("seed", range(24))
def test_no_damage_is_a_crash(path: Path, clock: VirtualClock, seed: int) -> None:
    """Flipped bytes and cut files, in the database or its log, before or while it is used."""
    path.parent.mkdir()
    many(path, clock)
    drawn = random.Random(seed)
    outbox = opened(path, clock) if seed % 2 else None
    file = path if drawn.random() < 0.6 else path.with_name(path.name + "-wal")
    content = bytearray(file.read_bytes())
    if drawn.random() < 0.3:
        os.truncate(file, drawn.randrange(len(content)))
    else:
        with file.open("r+b") as damaged:
            for _ in range(drawn.choice((1, 20, 2000))):
                damaged.seek(drawn.randrange(len(content)))
                damaged.write(drawn.randbytes(1))
    outbox = outbox or opened(path, clock)
    with closing(outbox):
        for number in range(10):
            outbox.put(alert(f"new{number}", f"n{number}"), ["desk"])
            for row in outbox.rows("desk")[:2]:
                if outbox.begin(row):
                    outbox.finish(row, "sent", tried=True)
        outbox.put(alert("last", "l"), ["desk"])
        outbox.left()
        outbox.purge()
        clock.go(RETRY_DISK + 1)
        outbox.recover()
        assert "last" in keys(outbox)
        assert not outbox.in_memory
    with closing(opened(path, clock)) as again:
        # what was damaged while it was used may be found only now
        assert "last" in keys(again) or "damaged" in again.reason
        again.put(alert("after", "x"), ["desk"])
        assert "after" in keys(again)


def test_most_of_a_damaged_file_is_saved(path: Path, clock: VirtualClock) -> None:
    path.parent.mkdir()
    many(path, clock)
    opened(path, clock).close()  # the log is in the file now
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(b"\xff" * 4096)
    with closing(opened(path, clock)) as outbox:
        assert "damaged" in outbox.reason
        assert len(keys(outbox)) >= 40


def test_a_fault_of_ours_is_not_taken_for_the_disks(path: Path, clock: VirtualClock) -> None:
    with closing(opened(path, clock)) as outbox:
        with pytest.raises(sqlite3.ProgrammingError):
            outbox._read(lambda connection: connection.execute("SELECT ?", ()))
        assert outbox.reason == ""


def test_it_closes_twice(path: Path, clock: VirtualClock) -> None:
    outbox = opened(path, clock)
    outbox.close()
    outbox.close()
    assert outbox_module.BOUNDS.keys() < set(OutboxConfig.__dataclass_fields__)


NOBODY = """
import os, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from edge.alerts.outbox import Outbox, OutboxConfig
from edge.alerts.clock import system_clock
from edge.alerts.schema import UnusableError, open_existing
from benchmarks.outbox_stage import alert
system_clock()  # an interpreter in a home folder cannot load anything later
os.setgid(65534)
os.setuid(65534)
outbox = Outbox(OutboxConfig(sys.argv[1]))
outbox.put(alert("a", "i"), ["desk"])
print(outbox.reason, len(outbox.rows("desk")))
try:
    open_existing(Path(sys.argv[1]))
except UnusableError as error:
    print(error)
"""


@pytest.mark.parametrize("mode", [0o000, 0o555])
def test_a_folder_of_somebody_else(path: Path, clock: VirtualClock, mode: int) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may become another user")
    opened(path, clock).close()
    for file in path.parent.iterdir():
        file.chmod(0o600)
    path.parent.chmod(mode)
    for folder in path.parent.parents[:3]:
        folder.chmod(folder.stat().st_mode | 0o111)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", NOBODY, str(path), str(Path.cwd())],
        capture_output=True,
        text=True,
        check=False,
    )
    path.parent.chmod(0o755)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith("outbox in memory: ")
    assert first.endswith(" 1")
    assert "check the owner of" in first
    assert "check the owner of" in second


def test_what_was_in_memory_goes_to_disk_at_the_end_if_that_works_by_then(
    path: Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "BUSY", 0.05)
    with closing(opened(path, clock)) as outbox:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            outbox.put(alert("a", "i"), ["desk"])
            assert "locked by another program" in outbox.reason
        assert outbox.in_memory
    assert set(on_disk(path)) == {"a"}
