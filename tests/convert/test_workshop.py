"""Files move together or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from convert.workshop import move, workshop
from edge.errors import OutputError
from edge.files import write_text


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_what_was_made_is_moved_and_the_workshop_gone(tmp_path):
    out = tmp_path / "a" / "b"
    with workshop(out) as folder:
        assert folder.parent == out
        (folder / "one").write_text("1")
        (folder / "shavings").write_text("x")
        move(folder, out, ["one"])
    assert contents(out) == {"one": "1"}


@pytest.mark.parametrize("broken", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_folder_that_was_made_for_nothing_goes(tmp_path, broken):
    with pytest.raises(broken), workshop(tmp_path / "a" / "b"):
        raise broken
    assert contents(tmp_path) == {}


def test_a_folder_that_was_there_stays(tmp_path):
    def work() -> None:
        with workshop(tmp_path / "a"):
            (tmp_path / "a" / "of another").write_text("process")
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        work()
    assert contents(tmp_path / "a") == {"of another": "process"}


def test_a_move_is_taken_back_as_a_whole(tmp_path):
    (tmp_path / "one").write_text("old")

    def work() -> None:
        with workshop(tmp_path) as folder:
            (folder / "one").write_text("new")
            (folder / "two").write_text("new")
            move(folder, tmp_path, ["one", "two", "missing"])

    with pytest.raises(OutputError, match="No such file"):
        work()
    assert contents(tmp_path) == {"one": "old"}


def test_what_is_replaced_is_replaced(tmp_path):
    (tmp_path / "one").write_text("old")
    with workshop(tmp_path) as folder:
        (folder / "one").write_text("new")
        move(folder, tmp_path, ["one"])
    assert contents(tmp_path) == {"one": "new"}


def test_an_error_inside_an_error_says_what_the_system_said(tmp_path):
    def work() -> None:
        with workshop(tmp_path) as folder:
            write_text(folder / "not a folder", "x")
            write_text(folder / "not a folder" / "x", "x")

    with pytest.raises(OutputError) as caught:
        work()
    assert str(caught.value) == (
        f"{tmp_path}: cannot be written to (File exists); nothing was changed"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="Permission denied"), workshop(tmp_path / "out"):
        pytest.fail("was let in")
    tmp_path.chmod(0o700)
