"""Lines are whole, on disk, private and bounded, whatever the disk does."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.alerts.notification import Notification
from edge.alerts.sinks.base import SendError
from edge.alerts.sinks.jsonl import JsonlConfig, JsonlSink, make
from edge.errors import ConfigError

Notify = Callable[..., Notification]


def sink(path: Path, **config: Any) -> JsonlSink:
    return make("file", JsonlConfig(path=str(path), **config), "pi")


def refused(path: Path, notification: Notification) -> SendError:
    with pytest.raises(SendError) as caught:
        sink(path).send(notification)
    assert (caught.value.certain, caught.value.permanent) == (True, False)
    assert str(path) in str(caught.value)
    return caught.value


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def test_one_line_each(notification: Notify, tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    told = [notification(id=str(n), text="zwei\nZeilen ä\u2028") for n in range(3)]
    one = sink(path)
    for notice in told:
        one.send(notice)
        one.close()
    lines = path.read_bytes().split(b"\n")
    assert lines.pop() == b""
    assert [Notification.from_json(line.decode()) for line in lines] == told
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_there_is_kept(notification: Notify, tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    path.write_text('{"id":"old"}\n')
    sink(path).send(notification(id="new"))
    assert ids(path) == ["old", "new"]


def test_a_torn_line_does_not_spoil_the_next(notification: Notify, tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    path.write_text('{"id":"a"}\n{"id":"to')
    sink(path).send(notification(id="new"))
    first, torn, whole, end = path.read_text().split("\n")
    assert (first, torn, json.loads(whole)["id"], end) == ('{"id":"a"}', '{"id":"to', "new", "")


def test_old_files_are_numbered_and_the_oldest_goes(notification: Notify, tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    size = len(notification(id="0").as_json().encode()) + 1
    one = JsonlSink("file", path, max_bytes=2 * size, keep=2)
    for number in range(9):
        one.send(notification(id=str(number)))
    assert ids(path) == ["8"]
    assert ids(tmp_path / "alerts.jsonl.1") == ["6", "7"]
    assert ids(tmp_path / "alerts.jsonl.2") == ["4", "5"]
    assert len(list(tmp_path.iterdir())) == 3


def test_none_kept(notification: Notify, tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    one = JsonlSink("file", path, max_bytes=10, keep=0)
    for number in range(3):
        one.send(notification(id=str(number)))
    assert ids(path) == ["2"]
    assert list(tmp_path.iterdir()) == [path]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    lengths=st.lists(st.integers(0, 300), min_size=1, max_size=20),
    most=st.integers(1, 2000),
    keep=st.integers(0, 4),
)
def test_the_newest_are_all_there_and_in_order(
    notification: Notify,
    tmp_path_factory: pytest.TempPathFactory,
    lengths: list[int],
    most: int,
    keep: int,
) -> None:
    path = tmp_path_factory.mktemp("lines") / "a"
    one = JsonlSink("file", path, most, keep)
    for number, length in enumerate(lengths):
        one.send(notification(id=str(number), text="x" * length))
    files = [path.with_name(f"a.{n}") for n in range(keep, 0, -1)] + [path]
    there = [ident for file in files if file.exists() for ident in ids(file)]
    assert there == [str(n) for n in range(len(lengths))][-len(there) :]
    for file in path.parent.iterdir():
        assert file.stat().st_size <= most or len(ids(file)) == 1


FULL = """
import resource, signal, sys
from pathlib import Path
from edge.alerts.notification import Notification
from edge.alerts.sinks.base import SendError
from edge.alerts.sinks.jsonl import JsonlSink
path = Path(sys.argv[1])
told = Notification.from_json(sys.stdin.read())
one = JsonlSink("file", path, 10**6, 3)
one.send(told)
size = path.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, resource.RLIM_INFINITY))
for _ in range(2):
    try:
        one.send(told)
    except SendError as error:
        assert error.certain and not error.permanent, error
        print(error)
    assert path.stat().st_size == size
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
one.send(told)
"""


def test_a_disk_that_fills_in_the_middle_of_a_line(notification: Notify, tmp_path: Path) -> None:
    """A limit of the process gives the same short write as a full disk."""
    path = tmp_path / "alerts.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)],
        input=notification().as_json(),
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[4],
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("cannot be written (No space left on device)") == 2
    assert ids(path) == [notification().id] * 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk(notification: Notify, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        path, filler = disk / "alerts.jsonl", disk / "filler"
        sink(path).send(notification(id="first"))
        one, sent = sink(path), 1
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        with suppress(SendError):
            while True:  # the file's last page has some room yet
                one.send(notification(id="more"))
                sent += 1
        assert "No space left" in str(refused(path, notification(id="more")))
        assert len(ids(path)) == sent
        filler.unlink()
        one.send(notification(id="last"))
        assert ids(path)[-1] == "last"
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_what_cannot_be_written(notification: Notify, tmp_path: Path) -> None:
    assert "No such file" in str(refused(tmp_path / "absent" / "a", notification()))
    assert "directory" in str(refused(tmp_path, notification()))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "it is not a file" in str(refused(pipe, notification()))
    assert "it is not a file" in str(refused(Path("/dev/null"), notification()))
    assert list(tmp_path.iterdir()) == [pipe]


def test_two_services_with_one_file(notification: Notify, tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    with path.open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert "another program is writing" in str(refused(path, notification()))
    sink(path).send(notification())
    assert len(ids(path)) == 1


def test_a_file_moved_away_between_two_steps(
    notification: Notify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "alerts.jsonl"

    def moved(_file: int, _how: int) -> None:
        path.replace(tmp_path / "moved")
        path.touch()

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", moved)
        assert "has just begun a new one" in str(refused(path, notification()))
    sink(path).send(notification())
    assert len(ids(path)) == 1


def test_a_disk_that_does_not_take_it_leaves_no_line(
    notification: Notify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "alerts.jsonl"
    sink(path).send(notification())
    before = path.read_bytes()

    def fails(_file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        assert "Input/output error" in str(refused(path, notification()))
    assert path.read_bytes() == before


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_no_path(path: str) -> None:
    with pytest.raises(ConfigError, match=r"^sinks\.file: path"):
        make("file", JsonlConfig(path=path), "pi")


def test_a_path_may_begin_at_home(
    notification: Notify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    sink(Path("~/alerts.jsonl")).send(notification())
    assert ids(tmp_path / "alerts.jsonl") == [notification().id]
