"""Slopes, windows and verdicts on recorded series: no clock, no process."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import theilslopes

from benchmarks.soak.expected import angry_times, most_raised
from benchmarks.soak.limits import BUSY_WORDS, Limits, judge, rate, warm
from benchmarks.soak.record import KEYS
from benchmarks.soak.slope import LEAST, MOST, Slope, slope, verdict
from benchmarks.soak.windows import Windows
from edge.alerts.rule import RuleConfig
from edge.camera.scenes import PLAYS

POINTS = 60
LEVELS = {"rss_mib": 90.0, "files": 8.0, "threads": 5.0, "p99_ms": 20.0}

finite = st.floats(-1e6, 1e6)
series_of = st.lists(finite, min_size=LEAST, max_size=MOST)


def record(hours: float = 1.0, **series: list[float]) -> dict[str, Any]:
    """A soak in which nothing grows but what is given."""
    at = [hours * (index + 1) / POINTS for index in range(POINTS)]
    flat = {key: [LEVELS.get(key, 0.0)] * POINTS for key in KEYS}
    seconds = 3600 * hours
    return {
        "scene": "",
        "rule": asdict(RuleConfig()),
        "series": flat | {"hours": at} | series,
        "frames": round(10 * seconds),
        "dropped": 0,
        "seconds": seconds,
        "raised": min(12, round(seconds / 20)),
        "held_back": max(0, round(seconds / 20) - 12),
    }


def rising(key: str, an_hour: float, hours: float = 1.0, noise: float = 0.0) -> list[float]:
    rng = np.random.default_rng(5)
    at = np.linspace(hours / POINTS, hours, POINTS)
    return list(LEVELS[key] + an_hour * at + noise * rng.standard_normal(POINTS))


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.integers(LEAST, 200))
def test_a_line_has_its_own_slope_and_no_width(rise: float, start: float, count: int) -> None:
    x = np.arange(count) / 7
    found = slope(list(x), list(start + rise * x))
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((rise,) * 3, abs=1e-6)


@given(series_of)
def test_the_slope_lies_in_its_interval(ys: list[float]) -> None:
    found = slope(range(len(ys)), ys)
    assert found is not None
    assert found.low <= found.value <= found.high


@given(st.lists(st.floats(0, 1).map(lambda y: round(y, 3)), min_size=10, max_size=MOST))
def test_it_is_the_slope_that_scipy_finds(ys: list[float]) -> None:
    found = slope(range(len(ys)), ys)
    theirs = theilslopes(ys, np.arange(len(ys)), 0.95)
    assert found is not None
    assert found.value == pytest.approx(theirs.slope)
    # theirs rounds to the nearest rank, this one to the wider interval
    assert found.low <= theirs.low_slope + 1e-12
    assert found.high >= theirs.high_slope - 1e-12


@given(series_of, st.floats(0.1, 100), finite)
def test_units_and_offsets_only_scale_it(ys: list[float], scale: float, offset: float) -> None:
    x = range(len(ys))
    plain, scaled = slope(x, ys), slope(x, [scale * y + offset for y in ys])
    assert plain is not None
    assert scaled is not None
    assert scaled.value == pytest.approx(scale * plain.value, rel=1e-6, abs=1e-3)


def test_one_wild_point_does_not_move_it() -> None:
    ys = rising("rss_mib", 2.0)
    ys[30] = 5000.0
    found = slope(record()["series"]["hours"], ys)
    assert found is not None
    assert found.value == pytest.approx(2.0)


@pytest.mark.parametrize("count", range(LEAST))
def test_too_few_points_have_no_slope(count: int) -> None:
    assert slope(range(count), range(count)) is None
    assert slope([1.0] * LEAST, range(LEAST)) is None


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (None, "too short to tell"),
        (Slope(2, 1.1, 3), "grows"),
        (Slope(2, 1, 3), "too short to tell"),
        (Slope(0.5, -4, 5), "too short to tell"),
        (Slope(0.5, 0, 1), "steady"),
        (Slope(-9, -10, -8), "steady"),
    ],
)
def test_only_a_whole_interval_decides(found: Slope | None, word: str) -> None:
    assert verdict(found, 1.0) == word


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (-4010.8433632190363, "-4,011"),
        (5.216117759291084, "5.22"),
        (3.6e-15, "0"),
        (-3.6e-15, "0"),
        (12345678.0, "12,345,678"),
        (None, "?"),
    ],
)
def test_a_slope_is_told_in_plain_digits(value: float | None, words: str) -> None:
    assert rate(value) == words


def test_a_steady_service_passes() -> None:
    told = judge(record(), Limits())
    assert {found["verdict"] for found in told["slopes"].values()} == {"steady"}
    assert (told["grew"], told["unclear"], told["dropped"]["verdict"]) == ([], [], "steady")


@pytest.mark.parametrize(
    ("key", "an_hour", "told"),
    [
        ("rss_mib", 3.0, "RSS: 3 MiB more an hour"),
        ("files", 6.0, "open files: 6 files more an hour"),
        ("threads", 2.0, "threads: 2 threads more an hour"),
        ("p99_ms", 9.0, "p99 of a frame: 9 ms more an hour"),
    ],
)
def test_a_leak_is_named(key: str, an_hour: float, told: str) -> None:
    found = judge(record(**{key: rising(key, an_hour)}), Limits())
    assert len(found["grew"]) == 1
    assert found["grew"][0].startswith(told)


@given(st.floats(0, 0.9))
def test_what_stays_below_its_limit_passes(an_hour: float) -> None:
    assert judge(record(rss_mib=rising("rss_mib", an_hour)), Limits())["grew"] == []


def test_noise_wider_than_the_limit_is_no_pass() -> None:
    noisy = record(0.1, p99_ms=rising("p99_ms", 0.0, 0.1, noise=5.0))
    found = judge(noisy, Limits())
    assert found["slopes"]["p99_ms"]["verdict"] == "too short to tell"
    assert found["grew"] == []
    assert found["unclear"][0].startswith("p99 of a frame: too short to tell whether more than 5")


def test_the_last_steps_of_an_allocator_are_no_leak() -> None:
    few_pages = record(0.05, rss_mib=rising("rss_mib", 8.0, 0.05))  # 0.4 MiB in all
    assert judge(few_pages, Limits())["slopes"]["rss_mib"]["verdict"] == "too short to tell"


def test_one_more_thread_at_the_start_is_none() -> None:
    threads = [4.0] * 3 + [5.0] * (POINTS - 3)
    assert judge(record(threads=threads), Limits())["slopes"]["threads"]["verdict"] == "steady"


def test_the_warm_up_does_not_count() -> None:
    hours = record()["series"]["hours"]
    assert warm(hours) == 1  # of an hour the first minute
    assert warm([hour / 60 for hour in hours]) == 6  # of a minute a tenth
    assert warm([]) == 0


def test_a_busy_machine_proves_nothing_about_time() -> None:
    slow = record(p99_ms=rising("p99_ms", 50.0), rss_mib=rising("rss_mib", 5.0)) | {"dropped": 9999}
    found = judge(slow, Limits(), busy=True)
    assert found["slopes"]["p99_ms"]["verdict"] == found["dropped"]["verdict"] == BUSY_WORDS
    assert [line.partition(":")[0] for line in found["grew"]] == ["RSS"]


def test_dropped_frames_fail() -> None:
    found = judge(record() | {"frames": 950, "dropped": 50}, Limits())
    assert found["grew"] == ["5.00% of the frames were dropped, above 1%"]


@pytest.mark.parametrize(
    ("raised", "held_back", "told"),
    [
        (12, 168, ""),
        (11, 168, "179 alerts where the play has 180 to 180"),
        (30, 150, "30 alerts in spite of the cap of 12 an hour"),
    ],
)
def test_alerts_are_counted(raised: int, held_back: int, told: str) -> None:
    found = judge(record() | {"raised": raised, "held_back": held_back}, Limits())
    assert found["alerts"]["verdict"] == told
    assert found["grew"] == ([told] if told else [])


def test_a_loop_counts_once_its_visitor_has_been_angry() -> None:
    def times(seconds: float) -> tuple[int, int]:
        return tuple(angry_times(seconds, PLAYS[""], RuleConfig()))

    assert [times(at) for at in (0, 6.9, 7, 14, 14.1, 27, 34.1)] == [
        (0, 0),
        (0, 0),
        (0, 1),
        (0, 1),
        (1, 1),
        (1, 2),
        (2, 2),
    ]
    assert [most_raised(hours * 3600, 12) for hours in (0, 0.9, 1, 24)] == [12, 12, 24, 300]


def test_an_empty_record_is_judged() -> None:
    empty = record() | {"series": {key: [] for key in KEYS}, "frames": 0, "seconds": 0.0}
    found = judge(empty | {"raised": 0, "held_back": 0}, Limits())
    assert found["grew"] == []
    assert len(found["unclear"]) == 4


def test_windows_gather_time_and_what_was_missed() -> None:
    windows = Windows(1.0, fps=10)
    stamps = (0.0, 0.1, 0.4, 0.5, 1.1)  # two missed in 0.3 s, five in 0.6 s
    told = [windows.frame(50 + at, at, 1000 * at) for at in stamps]
    assert told[:4] == [None] * 4
    assert told[4] is not None
    # the first frame pays for set-up and is not among them
    assert (told[4]["frames"], told[4]["missed"], told[4]["seconds"]) == (4, 7, 1.1)
    assert told[4]["p50_ms"] == pytest.approx(450)
    assert windows.frame(51.2, 1.2, 3.0) is None


@given(st.lists(st.floats(0.01, 0.3), min_size=2, max_size=80))
def test_no_frame_is_lost_between_windows(steps: list[float]) -> None:
    windows = Windows(1.0, fps=10)
    told = [windows.frame(at, at, 1.0) for at in np.cumsum(steps)]
    last = max((index for index, one in enumerate(told) if one), default=0)
    assert sum(one["frames"] for one in told if one) == last
