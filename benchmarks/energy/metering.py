"""Readings of a sensor over time, as watts and joules; knows no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from statistics import stdev

from benchmarks.energy.sensors import Sensor


@dataclass(frozen=True)
class Power:
    """What a sensor told in a while.

    Attributes:
        watts: The mean.
        error: Standard error of that mean, in watts.
    """

    watts: float
    error: float


class Meter:
    """Reads one sensor whenever it is told to."""

    def __init__(self, sensor: Sensor) -> None:
        self.sensor = sensor
        self._times: list[float] = []
        self._values: list[float] = []

    def tick(self, now: float) -> None:
        """Take a reading at `now`, in seconds of any clock that does not go back."""
        self._times.append(now)
        self._values.append(self.sensor.value())

    def power(self) -> Power | None:
        """The mean of the readings so far; None if there are fewer than two moments."""
        if self.sensor.kind == "joules":
            return mean_power(
                self._times, watts_of_counter(self._times, self._values, self.sensor.wraps)
            )
        return mean_power(self._times, between(self._values))


def between(values: Sequence[float]) -> list[float]:
    """The mean of each two neighbours."""
    return [(one + other) / 2 for one, other in pairwise(values)]


def watts_of_counter(
    times: Sequence[float], joules: Sequence[float], wraps: float = 0.0
) -> list[float]:
    """Watts between each two readings of a counter.

    Args:
        times: Seconds; where two are the same, the watts between them are 0.
        joules: As many readings.
        wraps: Where the counter starts again from 0; between two readings it does so once at most.
    """
    watts = []
    for index in range(1, len(times)):
        passed, risen = times[index] - times[index - 1], joules[index] - joules[index - 1]
        if risen < 0:
            risen += wraps
        watts.append(max(0.0, risen) / passed if passed > 0 else 0.0)
    return watts


def mean_power(times: Sequence[float], watts: Sequence[float]) -> Power | None:
    """The mean over time of the watts between the moments, and its standard error."""
    spans = [later - earlier for earlier, later in pairwise(times)]
    if not sum(spans) > 0:
        return None
    mean = sum(span * one for span, one in zip(spans, watts, strict=True)) / sum(spans)
    spread = stdev(watts) if len(watts) > 1 else 0.0
    return Power(mean, spread / sqrt(len(watts)))


def joules_a_frame(busy: Power, idle: Power, seconds: float, frames: int) -> tuple[float, float]:
    """What one frame costs on top of an idle machine, and its standard error, in joules."""
    each = seconds / frames
    error = sqrt(busy.error**2 + idle.error**2)
    return (busy.watts - idle.watts) * each, error * each
