"""What the table of architectures is compared by, and what of it is worth a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.chart import Chart, Series
from benchmarks.result import Figure

NAMES = {"original": "FER-2013 labels", "ferplus": "FER+ majority"}


def figures(measured: Mapping[str, Any]) -> list[Figure]:
    """Accuracy of each int8 file on PublicTest and its time for a face.

    Both are the machine's: a faster one shows more faces in the same minutes.
    """
    found = []
    for row in _done(measured):
        name = row["architecture"]
        for labels, scores in row["int8"].items():
            value = 100 * scores["accuracy"]
            found.append(Figure(f"{name}/int8/{labels}", value, "%", "higher"))
        found.append(Figure(f"{name}/int8/p50", row["int8_latency_ms"]["p50"], "ms a face"))
    return found


def charts(measured: Mapping[str, Any]) -> list[Chart]:
    """Accuracy of each, and accuracy against what a face costs; none if no row was made."""
    rows = _done(measured)
    if not rows:
        return []
    names = [row["architecture"] for row in rows]
    bars = [
        Series(told, names, [100 * row["int8"][labels]["accuracy"] for row in rows])
        for labels, told in NAMES.items()
        if all(labels in row["int8"] for row in rows)
    ]
    return [
        Chart("How often is each int8 file right?", "bar", "accuracy on PublicTest, %", "", bars),
        Chart(
            "What does accuracy cost?",
            "points",
            "multiply-adds a face, millions",
            f"accuracy, {NAMES['original']}, %",
            [_cost(row) for row in rows],
            note="Up and left is better; for the same CPU minutes of training, not the same faces.",
            log_x=True,
        ),
    ]


def _cost(row: Mapping[str, Any]) -> Series:
    accuracy = 100 * row["int8"]["original"]["accuracy"]
    return Series(row["architecture"], [row["multiply_adds"] / 1e6], [accuracy])


def _done(measured: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [row for row in measured["rows"] if row["status"] == "done"]
