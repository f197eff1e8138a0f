"""What a board tells of itself, and that what it does not tell is unknown."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.health.board import REASONS, Board, bits, read


def test_a_pi_4_in_good_health(grow):
    board = read(**grow("Pi 4"))
    assert board.model == "Raspberry Pi 4 Model B Rev 1.4"
    assert (board.under_voltage, board.throttled) == (False, bits(0))
    assert board.temperature == pytest.approx(48.686)
    assert board.zones == {"cpu-thermal": 48.686}
    assert (board.clock, board.clock_most) == (600_000_000, 1_800_000_000)
    assert (board.memory_total, board.memory_available) == (3884332 * 1024, 3302112 * 1024)
    assert (board.swap_total, board.swap_free) == (512000 * 1024, 500000 * 1024)
    assert board.rss == 23000 * os.sysconf("SC_PAGE_SIZE")


def test_a_pi_5_with_a_weak_supply(grow):
    board = read(**grow("Pi 5"))
    assert board.under_voltage is True
    assert board.throttled is not None
    assert board.throttled.now == board.throttled.lately == {"under_voltage", "throttled"}


def test_a_hot_zero_without_a_clock(grow):
    board = read(**grow("Zero 2 W"))
    assert board.throttled is not None
    assert board.throttled.now == {"soft_temperature_limit"}
    assert board.throttled.lately == {
        "frequency_capped",
        "throttled",
        "soft_temperature_limit",
    }
    assert board.under_voltage is False
    assert (board.clock, board.rss) == (None, None)


def test_a_desktop_computer_does_not_tell(grow):
    board = read(**grow("x86"))
    assert (board.model, board.under_voltage, board.throttled) == (None, None, None)
    assert board.temperature is None, "a sensor that is not connected"
    assert board.zones == {"x86_pkg_temp": 39.0, "thermal_zone2": 40.0}


def test_a_machine_without_any_of_it_is_unknown_not_zero(tmp_path):
    board = read(sysfs=tmp_path / "none", proc=tmp_path / "none")
    assert board == Board()
    assert {getattr(board, field.name) for field in fields(board) if field.name != "zones"} == {
        None
    }


def test_without_the_voltage_driver_the_firmware_is_believed(grow):
    roots = grow("Pi 4", get_throttled="1\n")
    (roots["sysfs"] / "class/hwmon/hwmon1/name").write_text("other\n")
    assert read(**roots).under_voltage is True


@pytest.mark.parametrize("place", range(4))
def test_each_bit_has_its_reason(place):
    assert bits(1 << place).now == {REASONS[place]}
    assert bits(1 << place).lately == frozenset()
    assert bits(1 << place + 16).lately == {REASONS[place]}
    assert bits(1 << place + 16).now == frozenset()


def test_the_disk_is_that_of_the_folder(tmp_path):
    board = read(tmp_path)
    assert board.disk_total is not None
    assert board.disk_free is not None
    assert 0 <= board.disk_free <= board.disk_total
    assert read(tmp_path / "none").disk_free is None
    assert read(Path("a\0b")).disk_free is None


def test_this_machine_tells_its_memory():
    board = read()
    assert board.rss is not None
    assert 1 << 20 < board.rss < 1 << 40


GARBAGE = st.one_of(
    st.binary(max_size=40),
    st.integers(-(10**30), 10**30).map(lambda n: str(n).encode()),
    st.sampled_from([b"", b"\0", b"nan", b"0x5", b"9" * 5000, b"1_0", b"\xff\xfe", b"MemTotal:"]),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_garbage_in_any_file_is_unknown_and_never_raises(grow, data):
    roots = grow("Pi 5")
    paths = sorted(path for root in roots.values() for path in root.rglob("*") if path.is_file())
    for path in data.draw(st.lists(st.sampled_from(paths), max_size=len(paths), unique=True)):
        path.write_bytes(data.draw(GARBAGE))
    board = read(**roots)
    assert board.temperature is None or -60 <= board.temperature <= 200
    for amount in (board.memory_available, board.clock, board.rss, board.swap_free):
        assert amount is None or amount >= 0


def test_a_folder_in_place_of_a_file_is_unknown(grow):
    roots = grow("Pi 4")
    temperature = roots["sysfs"] / "class/thermal/thermal_zone0/temp"
    temperature.unlink()
    temperature.mkdir()
    assert read(**roots).temperature is None
