from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.alerts import clock
from edge.alerts.clock import UNSET, Moment, system_clock, utc

SECONDS = st.floats(0, 1e10)


@given(boot=SECONDS, passed=st.floats(0, 1e9), wall=SECONDS, step=st.floats(-1e9, 1e9))
def test_setting_the_wall_clock_makes_nothing_older(
    boot: float, passed: float, wall: float, step: float
) -> None:
    before = Moment(wall, boot, "one")
    after = Moment(wall + passed + step, boot + passed, "one")
    assert after.age(before) == pytest.approx(passed, abs=1e-3)


@given(wall=SECONDS, later=SECONDS, boot=SECONDS)
def test_across_starts_the_wall_clock_is_asked_and_the_start_is_a_floor(
    wall: float, later: float, boot: float
) -> None:
    age = Moment(later, boot, "two").age(Moment(wall, 5.0, "one"))
    assert age == max(0.0, later - wall if wall >= UNSET else 0.0, boot)


def test_what_is_from_before_the_clock_was_set_is_not_years_old() -> None:
    assert Moment(1.8e9, 30.0, "two").age(Moment(70.0, 60.0, "one")) == 30.0


def test_the_system_clock_runs() -> None:
    first = system_clock()
    second = system_clock()
    assert second.boot_id == first.boot_id != ""
    assert 0 <= second.age(first) < 60
    assert abs(first.wall - time.time()) < 60


def test_where_proc_is_hidden_each_process_counts_as_a_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "BOOT_ID", tmp_path / "none")
    clock._start.cache_clear()
    try:
        first = system_clock()
        clock._start.cache_clear()
        second = system_clock()
    finally:
        clock._start.cache_clear()
    assert first.boot_id != second.boot_id
    assert 0 <= second.boot < 60  # never older than the process is


def test_utc() -> None:
    assert utc(1_800_000_000.1254) == "2027-01-15T08:00:00.125+00:00"
