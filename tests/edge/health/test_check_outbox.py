"""What the doctor thinks of an outbox, which it only reads."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from shlex import quote

import pytest

from edge.alerts.notification import Notification
from edge.alerts.outbox import Outbox, OutboxConfig
from edge.health.check_outbox import look_at_outbox


def verdicts(findings) -> dict[str, str]:
    return {one.check: str(one.verdict) for one in findings}


def kept(path: Path, number: int) -> Outbox:
    outbox = Outbox(OutboxConfig(path=str(path)))
    for each in range(number):
        outbox.put(
            Notification(f"n{each}", f"i{each}", "firing", "visitor", "desk", "anger", "", "text"),
            ["lamp"],
        )
    return outbox


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "the outbox?.sqlite3"


def test_there_is_none_before_the_first_start(path):
    assert verdicts(look_at_outbox(path)) == {"outbox": "ok"}
    assert list(path.parent.iterdir()) == []


def test_it_is_read_while_the_service_holds_it(path):
    with closing(kept(path, 3)):
        (found,) = look_at_outbox(path)
    assert found.verdict == "ok"
    assert "whole; 3 waiting, 0 given up, 0 sent" in found.told


def test_it_is_not_changed(path):
    kept(path, 3).close()
    before = path.read_bytes()
    assert verdicts(look_at_outbox(path)) == {"outbox": "ok"}
    assert path.read_bytes() == before


def test_what_was_given_up_is_told(path):
    with closing(kept(path, 2)) as outbox:
        outbox.finish(outbox.rows("lamp")[0], "dead", "no")
        (found,) = look_at_outbox(path)
    assert (found.verdict, "1 waiting, 1 given up" in found.told) == ("warning", True)
    assert " retry --all" in found.advice
    assert f"outbox.path={quote(str(path))} list --state dead" in found.advice


def test_a_long_queue_is_told(path):
    with closing(kept(path, 30)):
        assert verdicts(look_at_outbox(path)) == {"outbox": "warning"}


@pytest.mark.parametrize("damage", ["no database", "middle", "empty"])
def test_damage_is_told_and_left_as_it_is(path, damage):
    kept(path, 30).close()
    content = bytearray(path.read_bytes())
    if damage == "no database":
        content = bytearray(b"\xff" * 5000)
    elif damage == "middle":
        content[4096:-4096] = b"\xff" * (len(content) - 8192)
    else:
        content = bytearray()
    path.write_bytes(content)
    for beside in path.parent.glob(f"{path.name}-*"):
        beside.unlink()
    (found,) = look_at_outbox(path)
    assert found.verdict == ("ok" if damage == "empty" else "failed")
    assert path.read_bytes() == content


def test_files_set_aside_are_told(path):
    path.with_name(path.name + ".corrupt-20260101T000000Z").touch()
    assert verdicts(look_at_outbox(path))["outbox damage"] == "warning"


def test_what_cannot_be_read_is_unknown(tmp_path):
    (tmp_path / "file").touch()
    for odd in (tmp_path / "file" / "outbox.sqlite3", tmp_path):
        found = list(look_at_outbox(odd))
        assert found[0].verdict in {"unknown", "failed"}
