from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.alerts import place
from edge.alerts.place import KEPT, OutboxHeldError, hold, outbox_path, set_aside
from edge.errors import ConfigError


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"STATE_DIRECTORY": "/s/edge:/s/other"}, "/s/edge/outbox.sqlite3"),
        ({"XDG_STATE_HOME": "/x"}, "/x/edge-run/outbox.sqlite3"),
    ],
)
def test_where_it_lies(
    environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(place, "STATE", tmp_path / "none")
    assert outbox_path("", environment) == Path(expected)
    assert outbox_path("/set/file", environment) == Path("/set/file")


def test_the_state_directory_of_the_unit_is_found_by_hand_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(place, "STATE", tmp_path)
    assert outbox_path("", {"XDG_STATE_HOME": "/x"}) == tmp_path / "outbox.sqlite3"
    monkeypatch.setattr(place, "STATE", tmp_path / "none")
    monkeypatch.setenv("HOME", "/home/me")
    assert outbox_path("", {}) == Path("/home/me/.local/state/edge-run/outbox.sqlite3")
    assert outbox_path("~/file", {}) == Path("/home/me/file")


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: int) -> None:
        raise KeyError("uid not found")

    monkeypatch.setattr(place, "STATE", Path("/no/such/folder"))
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    with pytest.raises(ConfigError, match=r"outbox\.path is empty, .*no home"):
        outbox_path("", {})


def test_only_one_process_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "outbox"
    held = hold(path)
    assert held is not None
    with pytest.raises(OutboxHeldError, match=r"outbox\.path"):
        hold(path)
    os.close(held)
    again = hold(path)
    assert again is not None
    os.close(again)


def test_where_no_lock_can_be_made_nothing_is_held(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert hold(tmp_path / "file" / "outbox") is None


def test_a_damaged_file_is_set_aside_with_its_log(tmp_path: Path) -> None:
    path = tmp_path / "outbox"
    for ending in ("", "-wal", "-shm"):
        (tmp_path / f"outbox{ending}").write_text(ending)
    aside = set_aside(path, 1_800_000_000.0)
    assert aside.name == "outbox.corrupt-20270115T080000Z"
    assert sorted(file.name for file in tmp_path.iterdir()) == [aside.name, aside.name + "-wal"]


def test_the_newest_few_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "outbox"
    for number in range(KEPT + 2):
        path.write_text(str(number))
        (tmp_path / "outbox-wal").write_text(str(number))
        set_aside(path, 1_800_000_000.0 + number // 3)  # several in one second
    kept = sorted(file for file in tmp_path.iterdir() if not file.name.endswith("-wal"))
    assert [file.read_text() for file in kept] == ["2", "3", "4"]
    assert len(list(tmp_path.glob("*-wal"))) == KEPT
