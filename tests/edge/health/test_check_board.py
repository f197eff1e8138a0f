"""What the doctor thinks of power, heat and memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.health.board import Board, bits, read
from edge.health.check_board import MIB, heat, memory, memory_limit, power
from edge.health.finding import Verdict

PI = Board(model="Pi", under_voltage=False, throttled=bits(0), temperature=50.0)


def verdicts(findings) -> dict[str, str]:
    return {one.check: str(one.verdict) for one in findings}


@pytest.mark.parametrize(
    ("board", "log", "verdict"),
    [
        (PI, "", "ok"),
        (PI, None, "ok"),
        (PI, "Under-voltage detected! (0x00050005)", "warning"),
        (replace(PI, throttled=bits(0x10000)), "", "warning"),
        (replace(PI, under_voltage=True), "", "failed"),
        (Board(), None, "unknown"),
        (Board(), "", "unknown"),
        (Board(), "Under-voltage detected!", "warning"),
    ],
)
def test_power(board, log, verdict):
    assert verdicts(power(board, log)) == {"power": verdict}


@pytest.mark.parametrize(
    ("celsius", "verdict"),
    [(None, "unknown"), (20.0, "ok"), (79.9, "ok"), (80.0, "warning"), (85.0, "failed")],
)
def test_temperature(celsius, verdict):
    assert verdicts(heat(replace(PI, temperature=celsius))) == {"temperature": verdict}


def test_a_board_that_is_slowed_down_by_heat_needs_cooling_and_by_power_a_supply():
    hot, _ = heat(replace(PI, throttled=bits(0b1000)))
    assert (hot.check, hot.verdict) == ("speed", Verdict.WARNING)
    assert "soft temperature limit" in hot.told
    assert "fan" in hot.advice
    weak, _ = heat(replace(PI, throttled=bits(0b101), under_voltage=True))
    assert "supply" in weak.advice


@pytest.mark.parametrize(
    ("free", "verdict"), [(None, "unknown"), (39, "failed"), (99, "warning"), (101, "ok")]
)
def test_memory(free, verdict):
    board = Board(memory_total=400 * MIB, memory_available=free and free * MIB)
    assert verdicts(memory(board)) == {"memory": verdict}


def test_swap_in_use_wears_the_card():
    board = Board(
        memory_total=400 * MIB,
        memory_available=300 * MIB,
        swap_total=100 * MIB,
        swap_free=10 * MIB,
    )
    assert verdicts(memory(board)) == {"memory": "ok", "swap": "warning"}
    assert verdicts(memory(replace(board, swap_total=0, swap_free=0))) == {"memory": "ok"}


def test_raspberry_pi_os_counts_no_memory_unless_told_to(tmp_path):
    controllers = tmp_path / "cgroup.controllers"
    assert list(memory_limit(controllers)) == []
    controllers.write_text("cpuset cpu io memory pids\n")
    assert list(memory_limit(controllers)) == []
    controllers.write_text("cpuset cpu io pids\n")
    (found,) = memory_limit(controllers)
    assert "cgroup_enable=memory" in found.advice


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        ("Pi 4", {"power": "ok", "temperature": "ok", "memory": "ok"}),
        (
            "Pi 5",
            {"power": "failed", "speed": "warning", "temperature": "ok", "memory": "ok"},
        ),
        (
            "Zero 2 W",
            {"power": "ok", "speed": "warning", "temperature": "warning", "memory": "warning"},
        ),
        ("x86", {"power": "unknown", "temperature": "unknown", "memory": "ok"}),
    ],
)
def test_four_machines(grow, machine, expected):
    board = read(**grow(machine))
    found = [*power(board, ""), *heat(board), *memory(board)]
    assert verdicts(found) == expected
    assert all(one.advice for one in found if one.verdict in {"failed", "warning"})
