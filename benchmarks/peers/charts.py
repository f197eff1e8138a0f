"""`edge-bench peers` as pictures, and the few figures that runs are compared by."""

from __future__ import annotations

from typing import Any

from benchmarks.chart import Chart, Series
from benchmarks.peers.loops import OURS
from benchmarks.result import Figure


def figures(measured: dict[str, Any]) -> list[Figure]:
    """CPU time a frame of each loop, and how many times ours that is."""
    found = []
    for name, result in measured["loops"].items():
        found.append(Figure(f"{name}/cpu", result["cpu_ms"], "ms a frame"))
        if name != OURS:
            ratio = result["times_ours"]
            found.append(Figure(f"{name}/times {OURS}", ratio, "times", better="higher"))
    return found


def charts(measured: dict[str, Any]) -> list[Chart]:
    """CPU time a frame by loop; accuracy on the same faces where some were read."""
    loops = measured["loops"]
    return [_cpu(loops), *([_accuracy(loops)] if measured["faces"] else [])]


def _cpu(loops: dict[str, Any]) -> Chart:
    return Chart(
        title="CPU time a frame, by loop, on the same frames",
        kind="bar",
        x_label="CPU milliseconds a frame, mean; the line reaches to the 90th percentile",
        y_label="",
        series=[
            Series(
                "CPU",
                list(loops),
                [found["cpu_ms"] for found in loops.values()],
                [
                    (found["cpu_ms"], max(found["cpu_ms"], found["p90_ms"]))
                    for found in loops.values()
                ],
            )
        ],
    )


def _accuracy(loops: dict[str, Any]) -> Chart:
    label_sets = next(iter(loops.values()))["scores"]
    return Chart(
        title="Accuracy of each loop's network on the same ready crops",
        kind="bar",
        x_label="accuracy in percent, with its 95% interval",
        y_label="",
        series=[
            Series(
                labels,
                list(loops),
                [100 * found["scores"][labels]["accuracy"] for found in loops.values()],
                [
                    (100 * low, 100 * high)
                    for found in loops.values()
                    for low, high in [found["scores"][labels]["accuracy_95"]]
                ],
            )
            for labels in label_sets
        ],
    )
