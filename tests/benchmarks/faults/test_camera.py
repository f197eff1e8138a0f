"""The camera's rows of the faults' table."""

from __future__ import annotations

import math
from random import Random

import pytest

from benchmarks.faults.camera import FPS, PLAYS, LivePlay, measure, pictures, play
from benchmarks.virtual_time import VirtualClockwork


def test_every_fault_is_recognised_and_got_over_every_time():
    progress = []
    rows = measure(3, progress.append)["rows"]
    assert [row["fault"] for row in rows] == progress
    assert len(rows) == len(PLAYS) == 11
    for row in rows:
        assert (row["times"], row["lost"], row["doubled"], row["threads"]) == (3, 0, 0, 0), row
        assert row["named_most_s"] < 20, row
        assert row["again_most_s"] < 61, "no longer than the longest backoff"
        assert "3; " in row["told"]


def test_a_fault_that_is_not_there_is_not_recognised(monkeypatch):
    """The figures can fail: a fault after the end of the play leaves nothing to tell."""
    monkeypatch.setattr("benchmarks.faults.camera.LASTS", -1000.0)
    monkeypatch.setattr("benchmarks.faults.camera.Fault", lambda *_: Never())
    (row,) = [each for each in measure(1)["rows"] if each["fault"].startswith("camera black")]
    assert row["lost"] == 1
    assert math.isnan(row["named_s"])


class Never:
    kind, after, lasts = "black", 1e9, 1.0


@pytest.mark.parametrize("kind", ["black", "stuck", "replugged"])
def test_a_play_comes_out_the_same_each_time(kind):
    drawn = pictures()
    first, second = (play(kind, drawn, Random(5)) for _ in range(2))
    assert first == second


def test_the_play_keeps_its_pace():
    with VirtualClockwork() as clockwork:
        camera = LivePlay(pictures(), clockwork)
        stamps = [camera.read().timestamp for _ in range(100)]
    assert stamps[-1] - stamps[0] == pytest.approx(99 / FPS)
