"""What of the result is drawn, and the figures that runs are compared by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.chart import Chart, Series
from benchmarks.result import Figure

Point = dict[str, Any]


def figures(measured: dict[str, Any]) -> list[Figure]:
    """Recall, delay and false alerts of the default rule and of each baseline under it."""
    told = measured["default"]
    found = [
        Figure("within 6 s", 100 * told["within_6s"]["share"], "%", "higher", timed=False),
        Figure("at all", 100 * told["at_all"]["share"], "%", "higher", timed=False),
        Figure("false alerts", told["false_alerts"]["an_hour"], "per hour", timed=False),
    ]
    if told["delay"]["median_s"] is not None:
        found.append(Figure("median delay", told["delay"]["median_s"], "s", timed=False))
    for mode, one in measured["baselines"].items():
        recall, false = one["within_6s"]["share"], one["false_alerts"]["an_hour"]
        found += [
            Figure(f"baseline {mode}/within 6 s", 100 * recall, "%", "higher", timed=False),
            Figure(f"baseline {mode}/false alerts", false, "per hour", timed=False),
        ]
    return found


def charts(measured: dict[str, Any]) -> list[Chart]:
    """Recall and false alerts by `on`, and one against the other."""
    rule, expression = measured["rule"], measured["expression"]
    here = [one for one in measured["curves"] if one["smoothing"] == expression["smoothing"]]
    same = [one for one in measured["curves"] if one["seconds"] == rule["seconds"]]
    split, smoothing = measured["split"], expression["smoothing"]
    marks = ((rule["on"], "default"),)
    return [
        Chart(
            f"Angry visits told of within 6 s ({split})",
            "line",
            "on",
            "% of angry visits",
            _lines(here, "seconds", lambda one: one["on"], lambda one: 100 * one["within_6s"]),
            f"Smoothing {smoothing:g} s; one line for each length that the score must hold.",
            marks=marks,
        ),
        Chart(
            f"False alerts of calm visits ({split})",
            "line",
            "on",
            "visits with a false alert, an hour",
            _lines(here, "seconds", lambda one: one["on"], lambda one: one["an_hour"]),
            f"Smoothing {smoothing:g} s, {measured['traffic']['calm_visits_an_hour']:g} calm "
            "visits an hour.",
            marks=marks,
        ),
        Chart(
            f"What a false alert buys ({split})",
            "line",
            "visits with a false alert, an hour",
            "% of angry visits told of within 6 s",
            _lines(
                same,
                "smoothing",
                lambda one: one["an_hour"],
                lambda one: 100 * one["within_6s"],
            ),
            f"Held for {rule['seconds']:g} s; each line runs over `on`, up and left is better.",
            marks=((0.1, "floor"), (0.02, "goal")),
        ),
    ]


def _lines(
    points: list[Point],
    by: str,
    x: Callable[[Point], float],
    y: Callable[[Point], float],
) -> list[Series]:
    found = []
    for value in sorted({one[by] for one in points}):
        line = sorted((x(one), y(one)) for one in points if one[by] == value)
        found.append(Series(f"{by} {value:g}", [at for at, _ in line], [of for _, of in line]))
    return found
