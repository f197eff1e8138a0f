"""Charts as data: drawn, and told in words."""

from __future__ import annotations

import base64
import math
import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.chart import Chart, Series
from benchmarks.report.alt import MOST, alt_text
from benchmarks.report.arrays import bar_names, bounds, places, reach, values
from benchmarks.report.draw import draw
from benchmarks.report.kinds import stacked

BARS = Chart(
    "How long a face takes",
    "bar",
    "ms",
    "",
    [
        Series("p50", ["int8", "float"], [0.2, 0.7], [(0.1, 0.3), (0.6, 0.9)]),
        Series("p99", ["float", "onnx"], [0.9, 1.1]),
    ],
    "Shorter is better.",
)
LINES = Chart(
    "Memory over time",
    "line",
    "minutes",
    "MiB",
    [Series("RSS", [0, 1, 2], [80.0, 82.0, 81.0], [(79, 81), (81, 83), (80, 82)])],
    marks=[(1.5, "a visitor comes")],
)
POINTS = Chart(
    "Accuracy against size",
    "points",
    "KiB",
    "%",
    [Series("mini", [58], [38.3], [(36, 40)]), Series("vgg", [19716], [20.0])],
    log_x=True,
)
STACKED = Chart(
    "Where a frame's time goes",
    "stacked",
    "ms a frame",
    "",
    [Series("decode", ["640x480", "320x240"], [3.0, 1.0]), Series("find", ["320x240"], [0.5])],
)

odd_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
amounts = st.none() | st.floats(-1e12, 1e12) | st.just(math.nan)


def svg(picture: Any) -> ElementTree.Element:
    """The picture itself, seen to be whole."""
    start = "data:image/svg+xml;base64,"
    assert picture.uri.startswith(start)
    return ElementTree.fromstring(base64.b64decode(picture.uri.removeprefix(start)))


def names_in(picture: Any) -> list[str]:
    """What matplotlib wrote, from the comments it leaves beside the outlines of letters."""
    text = base64.b64decode(picture.uri.partition(",")[2]).decode()
    return re.findall(r"<!-- (.*?) -->", text)


@pytest.mark.parametrize("chart", [BARS, LINES, POINTS, STACKED], ids=lambda chart: chart.kind)
def test_each_kind_is_drawn(chart: Chart) -> None:
    picture = draw(chart)
    assert svg(picture).tag.endswith("svg")
    written = names_in(picture)
    assert {chart.title, chart.x_label} <= set(written)
    assert {series.name for series in chart.series} <= {*written, "RSS"}
    assert picture.lines == ((chart.note,) if chart.note else ())


def test_the_same_chart_gives_the_same_picture() -> None:
    assert draw(BARS).uri == draw(BARS).uri


def test_each_bar_tells_its_figure() -> None:
    assert {"0.2", "0.7", "0.9", "1.1", "int8", "float", "onnx"} <= set(names_in(draw(BARS)))


def test_a_stack_tells_its_sum_and_not_its_parts() -> None:
    numbers = {text for text in names_in(draw(STACKED)) if re.fullmatch(r"\d+(\.\d+)?", text)}
    assert {"1.5", "3"} <= numbers


def test_the_parts_of_a_stack_lie_one_after_the_other() -> None:
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    gaps = [Series("gap", ["320x240"], [math.nan]), Series("below", ["640x480"], [-2.0])]
    stacked(axes, replace(STACKED, series=[*STACKED.series, *gaps]))
    bars: list[Any] = list(axes.patches)
    ends = [(bar.get_x(), bar.get_width()) for bar in bars]
    assert ends == [(0, 3), (0, 1), (1, 0.5), (1.5, 0), (3, 0)]


def test_a_stack_is_as_tall_as_one_bar() -> None:
    parts = [Series(f"part {index}", ["a", "b", "c"], [1.0] * 3) for index in range(8)]
    beside, one = (
        float(svg(draw(Chart("t", kind, "ms", "", parts))).attrib["height"][:-2])
        for kind in ("bar", "stacked")
    )
    assert beside > 1.5 * one


def test_more_bars_make_a_taller_picture() -> None:
    many = Chart("t", "bar", "ms", "", [Series("a", list("abcdefghijklmno"), [1.0] * 15)])
    few = Chart("t", "bar", "ms", "", [Series("a", ["a"], [1.0])])
    tall, low = (float(svg(draw(chart)).attrib["height"][:-2]) for chart in (many, few))
    assert tall > 2 * low


def test_a_logarithmic_axis_may_span_all_numbers() -> None:
    wide = Series("a", [5e-324, 1.0], [1.0, 2.0])
    assert draw(Chart("t", "line", "x", "y", [wide], log_x=True)) is not None


def test_a_mark_has_a_name_in_the_legend() -> None:
    assert "a visitor comes" in names_in(draw(LINES))


def test_ticks_of_a_logarithmic_axis_are_plain() -> None:
    written = set(names_in(draw(POINTS)))
    assert {"100", "1,000", "10,000"} & written
    assert not any("$" in text for text in written)


def test_what_is_nowhere_finite_is_not_drawn() -> None:
    nothing: Any = [None, math.nan]
    assert draw(Chart("t", "line", "x", "y", [Series("a", [1, 2], nothing)])) is None
    assert draw(Chart("t", "line", "x", "y", [Series("a", [], [])])) is None


def test_a_formula_in_a_name_is_shown_as_it_is() -> None:
    chart = Chart("$5 < $6", "bar", "$x^2$", "", [Series("$", ["a $b$", "_c"], [1.0, 2.0])])
    assert {"$5 &lt; $6", "$x^2$", "a $b$"} <= {
        t.replace("<", "&lt;") for t in names_in(draw(chart))
    }


@settings(max_examples=15, deadline=None)
@given(
    kind=st.sampled_from(["line", "points"]),
    pairs=st.lists(st.tuples(st.floats(-1e12, 1e12), amounts), max_size=5),
    log=st.booleans(),
    text=odd_text,
)
def test_any_numbers_and_names_can_be_drawn(
    kind: Any, pairs: list[tuple[float, Any]], log: bool, text: str
) -> None:
    across, up = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    spread = [(value or 0, (value or 0) + 1) for value in up]
    chart = Chart(text, kind, text, text, [Series(text, across, up, spread)] * 2, text, log)
    picture = draw(chart)
    assert (picture is None) == (not np.isfinite(np.array(up, float)).any())
    if picture is not None:
        svg(picture)
        assert picture.alt.isprintable()


@settings(max_examples=15, deadline=None)
@given(bars=st.dictionaries(odd_text, amounts, min_size=1, max_size=5), log=st.booleans())
def test_any_bars_can_be_drawn(bars: dict[str, Any], log: bool) -> None:
    chart = Chart("t", "bar", "ms", "", [Series("a", list(bars), list(bars.values()))], log_x=log)
    picture = draw(chart)
    if picture is not None:
        svg(picture)


@pytest.mark.parametrize(
    ("y", "spread"), [([1.0], ()), ([1.0, 2.0], [(0, 1)])], ids=["y", "spread"]
)
def test_a_series_has_as_many_of_each(y: list[float], spread: Any) -> None:
    with pytest.raises(ValueError, match="p50: 2 x, "):
        Series("p50", ["a", "b"], y, spread)


# -- as arrays


def test_data_as_arrays() -> None:
    some: Any = [1.0, None]
    series = Series("a", [0, 10], some, [(0.5, 3), (0, 1)])
    np.testing.assert_array_equal(values(series), [1, np.nan])
    np.testing.assert_array_equal(places(series, log=False), [0, 10])
    np.testing.assert_array_equal(places(series, log=True), [np.nan, 10])
    np.testing.assert_array_equal(bounds(series)[1], [3, 1])
    np.testing.assert_array_equal(reach(series), [[0.5, np.nan], [2, np.nan]])
    assert reach(Series("a", [1], [2.0])) is None
    assert bar_names(BARS) == ["int8", "float", "onnx"]


def test_a_spread_that_lies_beside_its_value_reaches_nowhere() -> None:
    np.testing.assert_array_equal(reach(Series("a", ["x"], [1.0], [(2, 3)])), [[0], [2]])


# -- in words


def test_bars_are_read_out() -> None:
    assert alt_text(BARS) == (
        "How long a face takes. ms. p50: int8 0.2, float 0.7; p99: float 0.9, onnx 1.1."
    )


def test_a_line_is_told_by_its_course() -> None:
    assert alt_text(LINES) == (
        "Memory over time. MiB against minutes. RSS: 80 at 0 to 81 at 2, between 80 and 82. "
        "Marked: a visitor comes at 1.5."
    )


def test_many_values_are_counted() -> None:
    many = Series("a", [str(i) for i in range(20)], [1.0] * 20)
    told = alt_text(Chart("t", "bar", "ms", "", [many]))
    assert told.endswith(f"and {20 - MOST} more.")
    assert told.count(" 1") >= MOST


def test_what_is_missing_is_left_out() -> None:
    some: Any = [1.0, None, math.nan]
    assert alt_text(Chart("t", "bar", "ms", "", [Series("a", ["x", "y", "z"], some)])) == (
        "t. ms. a: x 1."
    )
    assert "nothing" in alt_text(Chart("t", "line", "s", "ms", [Series("a", [1], [math.nan])]))


def test_a_logarithmic_axis_of_nothing_is_none() -> None:
    nothing = Series("s", (0.0, 1.0), (0.0, float("nan")))
    assert draw(Chart("t", "line", "x", "y", [nothing], log_x=True)) is not None
