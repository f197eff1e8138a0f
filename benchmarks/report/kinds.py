"""Lines, points and bars on given axes, in the colours of the training's reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.chart import Chart, Series
from benchmarks.report.arrays import bar_names, bounds, places, reach, values
from benchmarks.words import number
from edge.message import one_line

LONGEST = 42  # letters of a bar's name
FEW = 40  # points of a line up to which each is marked
WIDE = 1e3  # highest by lowest of a logarithmic axis, from which each decade is tick enough
MARKERS = "os^Dv"


def lines(axes: Any, chart: Chart) -> None:
    """Each series a line; its spread a band around it."""
    for index, series in enumerate(chart.series):
        across, up = places(series, chart.log_x), values(series)
        look = _colour(index) | {"linestyle": _again(index, "-", "--", ":")}
        marker = MARKERS[index % len(MARKERS)] if len(up) <= FEW else ""
        axes.plot(across, up, marker=marker, ms=4, label=one_line(series.name), **look)
        if series.spread:
            axes.fill_between(across, *bounds(series), alpha=0.18, linewidth=0, **_colour(index))
    _scale(axes, chart)


def points(axes: Any, chart: Chart) -> None:
    """Each series points of one form; their spread upright."""
    for index, series in enumerate(chart.series):
        look = _colour(index) | {"fmt": MARKERS[index % len(MARKERS)], "capsize": 3, "ms": 6}
        across, name = places(series, chart.log_x), one_line(series.name)
        axes.errorbar(across, values(series), yerr=reach(series), label=name, **look)
    _scale(axes, chart)


def bars(axes: Any, chart: Chart) -> None:
    """Bars from the left, those of one name together, each with its figure at its end."""
    names = bar_names(chart)
    tall = 0.8 / len(chart.series)
    for index, series in enumerate(chart.series):
        rows = np.array([names.index(str(name)) for name in series.x])
        middle = rows + (index - (len(chart.series) - 1) / 2) * tall
        look = _colour(index) | {"hatch": _again(index, "", "///", "xxx"), "edgecolor": "white"}
        look |= {"linewidth": 0, "error_kw": {"capsize": 2, "linewidth": 1}}
        told = {"xerr": reach(series), "label": one_line(series.name)}
        axes.barh(middle, values(series), 0.9 * tall, **told, **look)
        _write_values(axes, series, middle)
    _name_bars(axes, names)
    every = np.concatenate([values(series) for series in chart.series])
    if chart.log_x and (every > 0).all():
        _logarithmic(axes, every)


def stacked(axes: Any, chart: Chart) -> None:
    """One bar a name, the series' parts one after the other in it, with their sum at its end.

    A part that is not known, or below zero, takes no room.
    """
    names = bar_names(chart)
    ends = np.zeros(len(names))
    for index, series in enumerate(chart.series):
        rows = [names.index(str(name)) for name in series.x]
        parts = np.nan_to_num(np.maximum(values(series), 0), posinf=0)
        look = _colour(index) | {"hatch": _again(index, "", "///", "xxx"), "edgecolor": "white"}
        told = {"left": ends[rows], "label": one_line(series.name), "linewidth": 0}
        axes.barh(rows, parts, 0.7, **told, **look)
        ends[rows] += parts
    for row, end in enumerate(ends):
        _write_value(axes, float(end), float(end), row)
    _name_bars(axes, names)


KINDS: dict[str, Callable[[Any, Chart], None]] = {
    "line": lines,
    "points": points,
    "bar": bars,
    "stacked": stacked,
}


def _name_bars(axes: Any, names: list[str]) -> None:
    """From the top, with room for the figures at their ends."""
    axes.set_yticks(range(len(names)), [_short(name) for name in names])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.14)


def _colour(index: int) -> dict[str, Any]:
    from train.report.style import SERIES

    return {"color": SERIES[index % len(SERIES)]}


def _again(index: int, *looks: str) -> str:
    """What tells a series from an earlier one of its colour."""
    from train.report.style import SERIES

    return looks[index // len(SERIES) % len(looks)]


def _write_values(axes: Any, series: Series, middle: NDArray[np.float64]) -> None:
    ends = np.fmax(np.fmax(values(series), bounds(series)[1]), 0)
    for value, end, row in zip(values(series), ends, middle, strict=True):
        if np.isfinite(value):
            _write_value(axes, float(value), float(end), float(row))


def _write_value(axes: Any, value: float, end: float, row: float) -> None:
    look: Any = {"textcoords": "offset points", "va": "center", "fontsize": 8.5}
    axes.annotate(number(value, 3), (end, row), xytext=(4, 0), **look)


def _short(name: str) -> str:
    shown = one_line(name)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


def _scale(axes: Any, chart: Chart) -> None:
    every = np.concatenate([places(series, chart.log_x) for series in chart.series])
    # a place without a value is not drawn, and an axis of nothing cannot be logarithmic
    drawn = every[np.isfinite(np.concatenate([values(series) for series in chart.series]))]
    if chart.log_x and np.isfinite(drawn).any():
        _logarithmic(axes, every)


def _logarithmic(axes: Any, every: NDArray[np.float64]) -> None:
    """Ticks as plain numbers, more of them where the axis spans little."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    with np.errstate(over="ignore"):  # by the smallest number there is, a quotient is infinite
        span = np.nanmax(every) / np.nanmin(every)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1,) if span >= WIDE else (1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
