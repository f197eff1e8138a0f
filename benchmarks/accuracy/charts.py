"""Accuracy as pictures: who is called angry, and what was asked for beside the files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks import end_to_end, robustness
from benchmarks.chart import Chart, Series
from benchmarks.shares import LABEL_NAMES


def charts(measured: Mapping[str, Any]) -> list[Chart]:
    """How often each emotion is read as angry; the chain's and the distortions' curves."""
    drawn = [
        _as_angry_chart(measured["subgroups"]["file"], split, told)
        for split, told in measured["subgroups"]["splits"].items()
        if told["as_angry"]
    ]
    for part, section in (("end_to_end", end_to_end), ("robustness", robustness)):
        for told in measured.get(part, {}).values():
            drawn += section.charts(told)
    return drawn


def _as_angry_chart(name: str, split: str, told: Mapping[str, Any]) -> Chart:
    return Chart(
        f"Which faces {name} reads as angry, {split}",
        "bar",
        f"% of faces read as angry with a probability of {told['threshold']:g} or more",
        "",
        [
            _series(LABEL_NAMES[labels], {one: found["above"] for one, found in by_label.items()})
            for labels, by_label in told["as_angry"].items()
        ],
        "By the true label: angry faces should be, the others should not. With 95% intervals.",
    )


def _series(name: str, shares: Mapping[str, Any]) -> Series:
    there = {label: one for label, one in shares.items() if one["value"] is not None}
    return Series(
        name,
        list(there),
        [100 * one["value"] for one in there.values()],
        [(100 * one["interval_95"][0], 100 * one["interval_95"][1]) for one in there.values()],
    )
