"""From a chart as data to a picture, in the look of the training's reports."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchmarks.chart import Chart
from benchmarks.report.alt import alt_text
from benchmarks.report.arrays import bar_names, values
from benchmarks.report.kinds import KINDS
from edge.message import one_line

ROW = 0.24  # inches that a bar takes
AROUND = 1.5  # inches for title, axis and legend
TITLE, ACROSS, UP = 58, 46, 38  # letters of a line: title, label of the x axis, of the y axis


def draw(chart: Chart) -> Any:
    """A `train.report.style.Picture`, an SVG; None if no value of it is finite."""
    from train.report.style import as_picture, legend_below
    from train.report.style import chart as axes_of

    if not any(np.isfinite(values(series)).any() for series in chart.series):
        return None
    tall = {"height": _height(chart)} if chart.kind in ("bar", "stacked") else {}
    with _plain_text(), axes_of("", **tall) as (figure, axes):
        _entitle(figure, chart.title)
        KINDS[chart.kind](axes, chart)
        _mark(axes, chart)
        axes.set_xlabel(_wrapped(chart.x_label, ACROSS))
        axes.set_ylabel(_wrapped(chart.y_label, UP))
        if len(chart.series) > 1 or chart.marks:
            legend_below(figure, 3 if len(chart.series) > 2 else 2)
        return as_picture(figure, alt_text(chart), *([chart.note] if chart.note else []))


@contextmanager
def _plain_text() -> Iterator[None]:
    """Names come from files: a dollar sign is no formula, and a rare letter no reason to warn."""
    import matplotlib as mpl

    with warnings.catch_warnings(), mpl.rc_context({"text.parse_math": False}):
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        yield


def _entitle(figure: Any, title: str) -> None:
    """Over the whole width, since the axes begin after the longest name of a bar."""
    figure.suptitle(_wrapped(title, TITLE), x=0.01, ha="left", fontsize=11, fontweight="bold")


def _wrapped(text: str, letters: int) -> str:
    return textwrap.fill(one_line(text), letters)


def _mark(axes: Any, chart: Chart) -> None:
    from train.report.style import FAINT

    for index, (place, name) in enumerate(chart.marks):
        line = ("--", ":", "-.")[index % 3]
        axes.axvline(place, color=FAINT, linestyle=line, linewidth=1.3, label=one_line(name))


def _height(chart: Chart) -> float:
    """Of bars, in inches; each keeps its width however many there are."""
    beside = 1 if chart.kind == "stacked" else len(chart.series)
    return AROUND + ROW * len(bar_names(chart)) * max(beside, 1.4)
