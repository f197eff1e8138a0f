"""A chart in words, for who cannot see it."""

from __future__ import annotations

import math

from benchmarks.chart import Chart, Series
from benchmarks.words import number
from edge.message import one_line

MOST = 12  # values of a series that are read out


def alt_text(chart: Chart) -> str:
    """The title, the axes, and what each series shows: all its values, or where it runs."""
    tell = _course if chart.kind == "line" else _values
    told = "; ".join(f"{series.name}: {tell(series)}" for series in chart.series)
    axes = " against ".join(label for label in (chart.y_label, chart.x_label) if label)
    marks = "".join(f" Marked: {name} at {number(place)}." for place, name in chart.marks)
    return one_line(f"{chart.title}. {axes}. {told}.{marks}")


def _values(series: Series) -> str:
    told = [f"{_name(place)} {number(value)}" for place, value in _pairs(series)]
    more = f" and {len(told) - MOST} more" if len(told) > MOST else ""
    return f"{', '.join(told[:MOST])}{more}"


def _course(series: Series) -> str:
    pairs = _pairs(series)
    if not pairs:
        return "nothing"
    values = [value for _, value in pairs]
    (start, first), (end, last) = pairs[0], pairs[-1]
    return (
        f"{number(first)} at {_name(start)} to {number(last)} at {_name(end)}, between "
        f"{number(min(values))} and {number(max(values))}"
    )


def _pairs(series: Series) -> list[tuple[float | str, float]]:
    """Places and values, where there is a value: JSON keeps None for what is no finite number."""
    places: list[float | str] = list(series.x)
    values: list[float | None] = list(series.y)
    return [
        (place, value)
        for place, value in zip(places, values, strict=True)
        if value is not None and math.isfinite(value)
    ]


def _name(place: float | str) -> str:
    return place if isinstance(place, str) else number(place)
