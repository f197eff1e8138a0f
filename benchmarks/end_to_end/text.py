"""The chain's figures as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.shares import LABEL_NAMES, percent, points
from train.table import markdown_table

GOAL = 1.0  # points that detector and crop may cost
ABOUT = (
    "Each face is set into a {width}x{height} frame of a desk, about as large as the table says, "
    "its edge fading out; found there by the shipped detector settings; cropped with the card's "
    "margin of {margin:g}; read by {file}. The detector looks for faces from {floor} pixels on: "
    "smaller ones it does not find, and those near the limit get a box too large. The rim around "
    "each face is drawn, not photographed, and the desk is plain: how many false faces a real desk "
    "gives is not measured here."
)
READ = (
    "Read right, of those found. `first` is read from a search of the whole frame, `then` from "
    "the search around a known face, as four of five readings are; `true box` is what the frame "
    "alone costs, with no detector. Differences are in points, to the ready crops of the same "
    "faces."
)
HEAD_FOUND = ("pixels", "found", "of these kept", "frames with a false face", "box wider by")
HEAD_READ = (
    "pixels",
    "labels",
    "ready crops, all",
    "ready crops, found",
    "ready crops, missed",
    "chain, then",
    "true box",
    "first",
    "then",
)
NAMES = {"full": "first", "near": "then"}


def as_text(measured: Mapping[str, Any]) -> str:
    """What the chain costs at each size, in all, and at each margin where several were tried."""
    width, height = measured["frame"]
    parts = [
        ABOUT.format(
            width=width,
            height=height,
            margin=measured["crop_margin"],
            file=measured["file"],
            floor=measured["smallest_sought"],
        ),
        f"{measured['faces']} faces:",
        markdown_table(HEAD_FOUND, _found_rows(measured)),
        READ,
        markdown_table(HEAD_READ, _read_rows(measured)),
        _in_all(measured),
    ]
    if measured["best_margin"] is not None:
        parts += [_best(measured), _margins_table(measured["margins"])]
    return "\n\n".join(parts)


def _found_rows(measured: Mapping[str, Any]) -> list[list[str]]:
    return [
        [
            side,
            *(percent(one[name]) for name in ("found", "kept", "elsewhere")),
            _wider(one["box"]),
        ]
        for side, one in measured["sizes"].items()
    ]


def _read_rows(measured: Mapping[str, Any]) -> list[list[str]]:
    return [
        [
            side,
            LABEL_NAMES[labels],
            *(percent(told["ready"][which]) for which in ("all", "found", "missed")),
            percent(told["near"]["accuracy"]),
            *(points(told[how]["difference"]) for how in ("true", "full", "near")),
        ]
        for side, one in measured["sizes"].items()
        for labels, told in one["labels"].items()
    ]


def _in_all(measured: Mapping[str, Any]) -> str:
    """The loss with the card's margin beside the goal."""
    margin = str(measured["crop_margin"])
    lost = [
        f"{NAMES[how]} {points(by_margin[margin]['all'])} ({LABEL_NAMES[labels]})"
        for how, by_labels in measured["margins"].items()
        for labels, by_margin in by_labels.items()
    ]
    return (
        f"All sizes together, each face once, in points: {', '.join(lost)}. "
        f"The goal is at most {GOAL:.1f} lost."
    )


def _wider(box: Mapping[str, Any] | None) -> str:
    return "-" if box is None else "{mean:+.0%} ± {deviation:.0%}".format(**box["wider"])


def _best(measured: Mapping[str, Any]) -> str:
    return (
        "Crop margins, all sizes together, each face once, in points beside the ready crops. Least "
        f"is lost at **{measured['best_margin']:g}** (both label sets counting the same, read from "
        f"the search around the face); the card has {measured['crop_margin']:g}. What a crop takes "
        "in beyond the face's own pixels is drawn here, so margins above 0 may be better in life."
    )


def _margins_table(table: Mapping[str, Any]) -> str:
    columns = [(how, labels) for how, by_labels in table.items() for labels in by_labels]
    head = ["margin", *(f"{NAMES[how]}, {LABEL_NAMES[labels]}" for how, labels in columns)]
    rows = [
        [margin, *(points(table[how][labels][margin]["all"]) for how, labels in columns)]
        for margin in next(iter(table["near"].values()))
    ]
    return markdown_table(head, rows)
