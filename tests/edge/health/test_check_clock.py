"""What the doctor thinks of the clock."""

from __future__ import annotations

import pytest

from edge.health.check_clock import clock, is_synchronised, look_at_clock


@pytest.mark.parametrize(
    ("year", "synchronised", "verdict"),
    [
        (2026, True, "ok"),
        (2026, None, "ok"),
        (2026, False, "warning"),
        (1970, True, "failed"),
        (2025, True, "failed"),
        (2100, None, "failed"),
    ],
)
@pytest.mark.parametrize("battery", [False, True])
def test_clock(year, synchronised, battery, verdict):
    (found,) = clock(year, synchronised, battery)
    assert found.verdict == verdict
    assert bool(found.advice) == (verdict != "ok")


def test_a_pi_without_a_battery_is_told_of_it():
    assert "battery" in next(clock(2026, True, False)).told
    assert "battery" not in next(clock(2026, True, True)).told


def test_the_mark_of_timesyncd_is_believed(tmp_path):
    mark = tmp_path / "synchronized"
    mark.touch()
    assert is_synchronised(mark) is True
    mark.unlink()
    assert is_synchronised(mark) in {True, False, None}, "as the kernel says"


def test_this_machine_has_a_clock():
    (found,) = look_at_clock()
    assert found.check == "clock"
