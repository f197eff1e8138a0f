"""The outbox's faults, few times; `edge-bench faults` does each ten thousand times."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator

import pytest

from benchmarks.faults import clock, disk, kill
from benchmarks.faults.measure import NotHereError
from benchmarks.outbox_stage import alert

FIRING, RESOLVED = alert("a", "i").as_json(), alert("b", "i", "resolved").as_json()


def unseen(items: Iterable[int], _what: str) -> Iterator[int]:
    yield from items


def test_kill_9_at_random_moments() -> None:
    found = kill.measure(alerts=15, kills=40, progress=unseen)
    assert (found["rows"][0]["lost"], found["rows"][0]["doubled"]) == (0, 0)
    assert (found["damaged"], found["early"]) == (0, 0)
    assert found["rows"][0]["times"] == found["kills"] == 40
    assert found["arrived"] >= found["put"] > 0


@pytest.mark.parametrize(
    ("kept", "lines", "expected"),
    [
        (["a", "b"], [FIRING, RESOLVED], {}),
        (["a", "b"], [FIRING, FIRING, RESOLVED], {"repeated": 1}),
        (["a", "b", "c"], [FIRING, RESOLVED], {"lost": 1}),
        (["a"], [FIRING], {"lost": 1}),  # nobody told of its end
        (["a", "b"], [RESOLVED, FIRING], {"early": 1}),
        ([], [FIRING, RESOLVED, alert("x", "i", "resolved").as_json()], {"doubled": 1}),
        ([], [FIRING, RESOLVED, FIRING.replace("desk", "disk")], {"doubled": 1, "repeated": 1}),
    ],
)
def test_the_judge_sees_what_is_wrong(
    kept: list[str], lines: list[str], expected: dict[str, int]
) -> None:
    found = kill.judged(kept, lines)
    found.pop("arrived")
    assert {name: count for name, count in found.items() if count} == expected


def test_a_full_disk_and_damaged_files() -> None:
    try:
        found = disk.measure(3)
    except NotHereError as error:
        pytest.skip(str(error))
    assert [(row["times"], row["lost"], row["doubled"]) for row in found["rows"]] == [(3, 0, 0)] * 2
    assert "disk full" in found["rows"][0]["told"]


def test_without_root_there_is_no_small_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(NotHereError, match="root"):
        disk.measure(1)


def test_the_clock_is_set() -> None:
    found = clock.measure(5)
    assert [(row["times"], row["lost"], row["doubled"]) for row in found["rows"]] == [(5, 0, 0)] * 2
    assert found["late"] == 0
    json.dumps(found)
