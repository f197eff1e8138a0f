"""A chart's data as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.chart import Chart, Series


def places(series: Series, log: bool) -> NDArray[np.float64]:
    """(n,) the x values; on a logarithmic axis NaN for those that are not above zero."""
    found = np.array(series.x, float)
    return np.where(found > 0, found, np.nan) if log else found


def values(series: Series) -> NDArray[np.float64]:
    """(n,) the y values; None, as JSON keeps what is no finite number, becomes NaN."""
    return np.array(series.y, float)


def bounds(series: Series) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) the low and the high ends of the spread; the values themselves if there is none."""
    if not series.spread:
        return values(series), values(series)
    low, high = np.array(series.spread, float).T
    return low, high


def reach(series: Series) -> NDArray[np.float64] | None:
    """(2, n) how far the spread reaches below and above each value; None if there is none."""
    low, high = bounds(series)
    told = np.array([values(series) - low, high - values(series)])
    return np.maximum(told, 0) if series.spread else None


def bar_names(chart: Chart) -> list[str]:
    """The bars of all series, in the order in which they first come."""
    return list(dict.fromkeys(str(name) for series in chart.series for name in series.x))
