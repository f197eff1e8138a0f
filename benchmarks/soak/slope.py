"""How fast a series rises, by a method that a few outliers do not move; knows no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

LEAST = 5  # points; with fewer, the interval below is everything
MOST = 60  # points that are compared in pairs; more are first put together
Z_95 = 1.959963984540054  # of the normal distribution

Verdict = Literal["steady", "grows", "too short to tell"]


@dataclass(frozen=True)
class Slope:
    """A rate of change with its 95% interval, in units of y for one of x."""

    value: float
    low: float
    high: float


def slope(x: Sequence[float], y: Sequence[float]) -> Slope | None:
    """The median of the slopes between all pairs of points (Theil 1950, Sen 1968).

    The interval is Sen's, from the variance of Kendall's statistic with ties. A long series is
    put together to at most `MOST` medians first: neighbours are much alike, and counted singly
    they would make the interval narrower than what is known.

    Args:
        x: Increasing.
        y: As many values.

    Returns:
        None if there are fewer than `LEAST` points with different x.
    """
    xs, ys = _together(np.asarray(x, float)), _together(np.asarray(y, float))
    first, second = np.triu_indices(len(xs), 1)
    apart = xs[second] - xs[first]
    used = apart > 0
    if len(xs) < LEAST or not used.any():
        return None
    slopes = np.sort((ys[second] - ys[first])[used] / apart[used])
    reach = Z_95 * np.sqrt(_variance(ys))
    low = int(np.floor((len(slopes) - reach) / 2)) - 1
    high = int(np.ceil((len(slopes) + reach) / 2))
    return Slope(
        float(np.median(slopes)),
        float(slopes[max(0, low)]),
        float(slopes[min(len(slopes) - 1, high)]),
    )


def verdict(found: Slope | None, limit: float) -> Verdict:
    """What an interval says of a limit: a series grows only if even its lower end is above it."""
    if found is None:
        return "too short to tell"
    if found.low > limit:
        return "grows"
    return "steady" if found.high <= limit else "too short to tell"


def _together(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Medians of neighbours, `MOST` of them at most."""
    if len(values) <= MOST:
        return values
    return np.array([np.median(part) for part in np.array_split(values, MOST)])


def _variance(ys: NDArray[np.float64]) -> float:
    """Of Kendall's statistic, less what equal values take from it."""
    n = len(ys)
    ties = np.unique(ys, return_counts=True)[1]
    return float(n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
