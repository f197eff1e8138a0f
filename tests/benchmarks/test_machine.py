"""The machine's condition, from texts as machines tell them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.machine import Watch, condition, machine, worries
from benchmarks.usage import Usage, busy_seconds, others, usage

QUIET = {"governor": None, "temperature": None, "throttled": None, "load": 0.0}
# as a Raspberry Pi 4 and a virtual machine whose host takes time away tell it
PI = """cpu  4705 150 1120 1440000 820 10 65 0 0 0
cpu0 1200 40 300 360000 200 5 50 0 0 0
intr 114930548 113199788 3 0 5 263
ctxt 1990473
"""
STOLEN = "cpu  1000 0 500 90000 300 0 20 480 0 0\ncpu0 1000 0 500 90000 300 0 20 480 0 0\n"
GUESTS = "cpu  1000 0 0 90000 0 0 0 0 700 0\n"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_machine_names_what_matters() -> None:
    here = machine()
    assert here["machine"]
    assert here["numpy"] == np.__version__


def test_the_condition_of_a_board(tmp_path: Path) -> None:
    board = write(
        tmp_path,
        {
            "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand\n",
            "sys/class/thermal/thermal_zone0/temp": "48312\n",
            "sys/devices/platform/soc/soc:firmware/get_throttled": "50004\n",
            "proc/loadavg": "0.31 0.10 0.02 1/180 2211\n",
        },
    )
    found = condition(board)
    assert found == {
        "governor": "ondemand",
        "temperature": 48.312,
        "throttled": ["throttled", "under-voltage (earlier)", "throttled (earlier)"],
        "load": 0.31,
    }
    governor, throttled, load = worries(found, cores=4)
    assert "ondemand" in governor
    assert "scaling_governor" in governor
    assert "under-voltage (earlier)" in throttled
    assert "0.3 of 4 cores" in load


def test_a_machine_that_tells_nothing_gives_no_worry(tmp_path: Path) -> None:
    found = condition(tmp_path)
    assert set(found.values()) == {None}
    assert worries(found) == []


@pytest.mark.parametrize(
    ("busy", "worried"), [(0.0, False), (0.2, False), (0.3, True), (2.0, True)]
)
def test_what_others_use_is_worth_a_word_from_a_quarter_of_a_core(
    busy: float, worried: bool
) -> None:
    assert bool(worries(QUIET, cores=2, busy=busy)) is worried


def test_what_was_measured_counts_more_than_the_load_average() -> None:
    assert worries(QUIET | {"load": 3.0}, busy=0.0) == []
    assert worries(QUIET | {"governor": "performance"}, busy=0.0) == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param(PI, 60.5, id="board: neither idle nor waiting for a disk counts"),
        pytest.param(STOLEN, 20.0, id="time that the host took counts"),
        pytest.param(GUESTS, 10.0, id="guests are counted once"),
        pytest.param("cpu0 1 2 3 4 5 6 7 8\n", None, id="no sum"),
        pytest.param("cpu  1 2 3\n", None, id="too short"),
        pytest.param("cpu  a b c d e f g h\n", None, id="no numbers"),
        pytest.param("", None, id="empty"),
    ],
)
def test_busy_seconds(text: str, seconds: float | None) -> None:
    assert busy_seconds(text) == seconds


@pytest.mark.parametrize(
    ("before", "after", "cores"),
    [
        (Usage(100.0, 5.0, 0.0), Usage(101.0, 5.0, 0.5), 2.0),
        (Usage(100.0, 5.0, 0.0), Usage(103.0, 7.5, 2.0), 0.25),
        (Usage(100.0, 5.0, 0.0), Usage(102.0, 7.0, 2.0), 0.0),
        (Usage(100.0, 5.0, 0.0), Usage(101.99, 7.0, 2.0), 0.0),  # ticks round
        (Usage(100.0, 5.0, 1.0), Usage(100.0, 5.0, 1.0), None),
        (None, Usage(100.0, 5.0, 1.0), None),
        (Usage(100.0, 5.0, 1.0), None, None),
    ],
)
def test_own_work_is_not_that_of_others(
    before: Usage | None, after: Usage | None, cores: float | None
) -> None:
    assert others(before, after) == cores


def test_usage_of_this_machine_and_of_one_that_does_not_tell(tmp_path: Path) -> None:
    assert usage(tmp_path) is None
    assert usage(write(tmp_path, {"proc/stat": "nothing\n"})) is None
    read = usage(write(tmp_path, {"proc/stat": PI}))
    assert read is not None
    assert read.busy == 60.5
    assert read.own > 0


def test_a_watch_tells_what_others_did_while_it_ran(tmp_path: Path) -> None:
    board = write(
        tmp_path,
        {
            "proc/stat": PI,
            "proc/loadavg": "0.01 0.01 0.02 1/180 2211\n",
            "sys/class/thermal/thermal_zone0/temp": "41000\n",
        },
    )
    watch = Watch(board, listen=0)
    write(board, {"proc/stat": "cpu  99994705 150 1120 1440000 820 10 65 0 0 0\n"})
    write(board, {"sys/class/thermal/thermal_zone0/temp": "63000\n"})
    told = watch.end()
    assert told["before"]["others"] == 0
    assert told["after"]["others"] > 1000
    assert (told["before"]["temperature"], told["after"]["temperature"]) == (41.0, 63.0)
    (line,) = told["warnings"]
    assert "other processes" in line


def test_a_watch_says_each_worry_once(tmp_path: Path) -> None:
    governor = "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
    told = Watch(write(tmp_path, {governor: "powersave\n"}), listen=0).end()
    assert len(told["warnings"]) == 1
    assert told["after"]["others"] is None


def test_a_quiet_machine_gives_a_watch_no_worry(tmp_path: Path) -> None:
    assert Watch(write(tmp_path, {"proc/stat": PI}), listen=0).end()["warnings"] == []
