"""Energy: the arithmetic on made-up readings, boards, and one short run of the service."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import energy
from benchmarks.cli import main
from benchmarks.energy.boards import BOARDS, REFERENCE, Range, estimates, slower
from benchmarks.energy.measure import work_out
from benchmarks.energy.metering import Meter, Power, joules_a_frame, mean_power, watts_of_counter
from benchmarks.energy.phases import Phase, account
from benchmarks.energy.sensors import Found, Sensor
from benchmarks.soak.running import ChildError

times = st.lists(st.floats(0.01, 5), min_size=1, max_size=30).map(
    lambda steps: [sum(steps[:count]) for count in range(len(steps) + 1)]
)


def constant(watts: float, name: str = "ina219 hwmon0") -> Sensor:
    return Sensor(name, "the board", "watts", lambda: watts)


def phase(seconds: float = 20.0, watts: float = 3.0, cpu_s: float = 2.0) -> Phase:
    return Phase(seconds, {"ina": Power(watts, 0.01)}, frames=200, cpu_s=cpu_s, drawing_s=1.0)


@given(times, st.floats(0.1, 100))
def test_a_counter_at_a_constant_load_tells_it(at: list[float], watts: float) -> None:
    found = mean_power(at, watts_of_counter(at, [watts * one for one in at]))
    assert found is not None
    assert found.watts == pytest.approx(watts)
    assert found.error == pytest.approx(0, abs=1e-6)


@given(times, st.floats(1, 10), st.floats(0, 1))
def test_a_counter_that_starts_again_loses_nothing(
    at: list[float], watts: float, start: float
) -> None:
    wraps = 60.0
    joules = [(start * wraps + watts * one) % wraps for one in at]
    assert watts_of_counter(at, joules, wraps) == pytest.approx(
        [watts] * (len(at) - 1), rel=1e-3, abs=1e-3
    )


def test_the_mean_is_one_over_time_not_over_readings() -> None:
    found = mean_power([0.0, 1.0, 10.0], [10.0, 1.0])
    assert found is not None
    assert found.watts == pytest.approx((10 + 9) / 10)
    assert mean_power([1.0], []) is None
    assert mean_power([1.0, 1.0], [5.0]) is None


def test_a_meter_reads_when_it_is_told_to() -> None:
    values = iter([2.0, 4.0, 4.0])
    meter = Meter(Sensor("x", "x", "watts", lambda: next(values)))
    assert meter.power() is None
    for now in (0.0, 1.0, 2.0):
        meter.tick(now)
    found = meter.power()
    assert found is not None
    assert found.watts == pytest.approx((3 + 4) / 2)


@given(st.floats(0, 10), st.floats(0, 10), st.floats(1, 100), st.integers(1, 1000))
def test_joules_of_all_frames_are_the_work_on_top(
    idle: float, more: float, seconds: float, frames: int
) -> None:
    each, error = joules_a_frame(Power(idle + more, 0.3), Power(idle, 0.4), seconds, frames)
    assert each * frames == pytest.approx(more * seconds, abs=1e-6)
    assert error * frames == pytest.approx(0.5 * seconds)


def test_windows_add_up_from_the_first() -> None:
    told = [
        (10.0, {"frames": 9, "cpu_s": 1.0, "camera_cpu_s": 0.5}),
        (11.0, {"frames": 10, "cpu_s": 1.5, "camera_cpu_s": 0.7}),
        (14.0, {"frames": 30, "cpu_s": 2.0, "camera_cpu_s": 0.9}),
    ]
    found = account(told, {})
    assert (found.seconds, found.frames, found.cpu_s) == (4.0, 40, 1.0)
    assert found.watching_share == pytest.approx((1.0 - 0.4) / 4)
    with pytest.raises(ChildError, match="before two seconds"):
        account(told[:1], {})


def test_everything_is_worked_out_and_told() -> None:
    idle = Phase(20.0, {"ina": Power(2.5, 0.01)})
    busy = {"empty desk": phase(watts=2.505), "one visitor": phase()}
    measured: dict[str, Any] = json.loads(json.dumps(work_out(idle, busy, REFERENCE)))
    measured |= {"sensors": {"ina": "the board"}, "refused": []}
    visitor = measured["phases"]["one visitor"]
    assert visitor["joules_a_frame"]["ina"]["joules"] == pytest.approx(0.5 * 20 / 200)
    assert visitor["cpu_s_an_hour"] == pytest.approx(360)
    assert visitor["watching_cpu_s_an_hour"] == pytest.approx(180)
    text = energy.as_text(measured)
    assert "| one visitor | 3.000 ± 0.020 | +0.500 | 50.00 ± 2.83 |" in text
    assert "not told from nothing" in text.splitlines()[3]  # 5 mW are less than the noise
    names = [figure.name for figure in energy.figures(measured)]
    assert "one visitor/ina" in names
    assert len(set(names)) == len(names) == 6
    assert [chart.kind for chart in energy.charts(measured)] == ["bar", "bar"]


def test_a_board_s_own_cpu_time_needs_no_conversion() -> None:
    found = {one.board: one for one in estimates(0.2, f"{REFERENCE} Rev 1.4")}
    assert found[REFERENCE].share == Range(0.2, 0.2)
    low, high = found["Raspberry Pi 5"].share
    assert (low, high) == pytest.approx((0.2 * 1606 / 3305, 0.2 * 1903 / 3196))


@given(st.floats(0, 2), st.sampled_from(["a server", *(f"{one.name} Rev 1" for one in BOARDS)]))
def test_ranges_are_ranges_and_a_core_is_never_more_than_busy(share: float, machine: str) -> None:
    for one, board in zip(estimates(share, machine), BOARDS, strict=True):
        assert 0 <= one.share.low <= one.share.high
        if one.watts is None or board.core is None:
            assert not board.plugs
            continue
        assert 0 <= one.watts.low <= one.watts.high <= board.core.high


def test_a_slower_board_is_never_the_faster_one() -> None:
    times = [slower("a server", board) for board in BOARDS]
    assert all(one.high >= other.high for one, other in pairwise(times))


def test_boards_have_sources_and_room_above_idle() -> None:
    for board in BOARDS:
        assert board.mips.low <= board.mips.high
        assert board.idle.low <= board.idle.high
        for plug in board.plugs:
            assert plug.source
            assert board.idle.low <= plug.idle <= board.idle.high < plug.full


def test_a_short_run_measures_the_service_with_and_without_a_visitor() -> None:
    said: list[str] = []
    sensors = [constant(2.0), Sensor("RAPL package-0", "x", "joules", iter(range(10**6)).__next__)]
    measured = energy.measure(3.0, said.append, Found(sensors, ["battery BAT0: is charged"]))
    assert said == ["battery BAT0: is charged"]
    empty, visitor = measured["phases"].values()
    assert visitor["frames"] > 0
    assert empty["frames"] > 0
    assert 0 < visitor["watching_cpu_s_an_hour"] < visitor["cpu_s_an_hour"]
    assert visitor["watts"]["ina219 hwmon0"]["watts"] == pytest.approx(2.0)
    assert visitor["joules_a_frame"]["ina219 hwmon0"]["joules"] == pytest.approx(0.0)
    assert visitor["watts"]["RAPL package-0"]["watts"] > 0
    assert empty["watching_cpu_s_an_hour"] > 0
    kept = json.loads(json.dumps(measured))
    assert "ina219" in energy.as_text(kept)
    assert len(energy.charts(kept)) == 3


def test_without_sensors_cpu_time_is_what_there_is() -> None:
    measured = work_out(Phase(0.0, {}), {"one visitor": phase()}, "a server")
    measured |= {"sensors": {}, "refused": ["RAPL package-0: only root may read it"]}
    text = energy.as_text(measured)
    assert text.startswith("Nothing here tells its power. RAPL package-0: only root may read it.")
    assert "3 to 8 times as fast" in text
    assert len(energy.charts(measured)) == 1


@pytest.mark.parametrize("seconds", ["0", "2.9", "nan", "inf"])
def test_too_short_costs_one_line(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["energy", "--seconds", seconds]) == 64
    assert "--seconds" in capsys.readouterr().err
