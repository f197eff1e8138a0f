"""The chain's figures as pictures, and the few that runs are compared by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.chart import Chart, Series
from benchmarks.end_to_end.text import NAMES
from benchmarks.result import Figure
from benchmarks.shares import LABEL_NAMES
from train.shares import Share

Curve = Callable[[Mapping[str, Any]], Share]  # one share of a size or of a margin


def charts(measured: Mapping[str, Any]) -> list[Chart]:
    """Accuracy and share found by size; the loss by crop margin, where there are several."""
    drawn = [_sizes_chart(measured)]
    if measured.get("best_margin") is not None:
        drawn.append(_margins_chart(measured))
    return drawn


def _sizes_chart(measured: Mapping[str, Any]) -> Chart:
    sizes = measured["sizes"]
    curves: dict[str, Curve] = {"found": lambda one: one["found"]}
    for labels in next(iter(sizes.values()))["labels"]:
        curves[f"ready crops, {LABEL_NAMES[labels]}"] = _ready(labels)
        curves[f"chain, {LABEL_NAMES[labels]}"] = _chain(labels)
    return Chart(
        "What detector and crop cost, by the face's size",
        "line",
        "pixels of the face in the frame",
        "% of faces",
        [_series(name, sizes, curve) for name, curve in curves.items()],
        f"{measured['faces']} faces; accuracy is of those found, bands are 95% intervals.",
        marks=[(measured["smallest_sought"], "smallest face looked for")],
    )


def _margins_chart(measured: Mapping[str, Any]) -> Chart:
    return Chart(
        "Which crop margin loses least",
        "line",
        "crop margin, share of the detector's box on every side",
        "points beside the ready crops",
        [
            _series(f"{NAMES[how]}, {LABEL_NAMES[labels]}", by_margin, lambda one: one["all"])
            for how, by_labels in measured["margins"].items()
            for labels, by_margin in by_labels.items()
        ],
        "Above 0 the chain reads more faces right than the ready crops. What a wide crop takes in "
        "is drawn here, not photographed.",
        marks=[(measured["crop_margin"], "the card's margin")],
    )


def _ready(labels: str) -> Curve:
    return lambda one: one["labels"][labels]["ready"]["found"]


def _chain(labels: str) -> Curve:
    return lambda one: one["labels"][labels]["near"]["accuracy"]


def _series(name: str, over: Mapping[str, Any], curve: Curve) -> Series:
    told = {float(x): curve(one) for x, one in over.items()}
    there = {x: one for x, one in told.items() if one["value"] is not None}
    return Series(
        name,
        list(there),
        [100 * one["value"] for one in there.values()],
        [(100 * one["interval_95"][0], 100 * one["interval_95"][1]) for one in there.values()],
    )


def figures(measured: Mapping[str, Any]) -> list[Figure]:
    """At each size the share found, and the chain less the ready crops under both label sets."""
    found = []
    for side, one in measured["sizes"].items():
        found.append(_figure(f"{side} px/found", one["found"], "%", "higher"))
        found += [
            _figure(
                f"{side} px/{labels}/chain less ready",
                told["near"]["difference"],
                "points",
                "higher",
            )
            for labels, told in one["labels"].items()
            if told["near"]["difference"]["value"] is not None
        ]
    return found


def _figure(name: str, told: Share, unit: str, better: Any) -> Figure:
    return Figure(f"end-to-end/{name}", 100 * told["value"], unit, better, timed=False)
