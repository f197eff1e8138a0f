"""A model's accuracy, and how often it calls a neutral face angry, over each distortion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks.chart import Chart, Series
from benchmarks.result import Figure
from benchmarks.robustness.distortions import DISTORTIONS, Distortion
from benchmarks.shares import LABEL_NAMES, percent, read
from edge.pipeline import ExpressionConfig, is_overexposed
from edge.vision.expression import ExpressionModel
from edge.vision.face import Gray
from train.data import FaceSet
from train.metrics import ANGER
from train.shares import accuracies, calm_read_as_angry, share
from train.table import markdown_table

WHAT = {"accuracy": "accuracy", "calm_as_angry": "neutral read as angry"}


def measure(
    model: ExpressionModel,
    faces: FaceSet,
    say: Callable[[str], None],
    distortions: Mapping[str, Distortion] = DISTORTIONS,
) -> dict[str, Any]:
    """Read all faces at every level of every distortion.

    Returns:
        `file`, `faces`, `plain` (undistorted) and `curves`: by distortion a list of `level` with
        `accuracy` and `calm_as_angry` by label set, and `unread`: the share of faces that the
        device leaves unread because they are burnt out. Accuracy is over all faces; unread ones
        are not told angry.
    """
    curves = {}
    for name, distortion in distortions.items():
        say(f"{name}: {len(faces)} faces at {len(distortion.levels)} levels ...")
        curves[name] = [
            {"level": level, **_read_at(model, faces, name, distortion, level)}
            for level in distortion.levels
        ]
    plain = _point(model, faces, list(faces.images), "undistorted")
    return {
        "file": model.path.name,
        "faces": len(faces),
        "plain": plain,
        "curves": curves,
    }


def _read_at(
    model: ExpressionModel, faces: FaceSet, name: str, distortion: Distortion, level: float
) -> dict[str, Any]:
    made = [distortion.apply(face, level, index) for index, face in enumerate(faces.images)]
    return _point(model, faces, made, f"{name} {level:g}")


def _point(model: ExpressionModel, faces: FaceSet, made: list[Gray], what: str) -> dict[str, Any]:
    told = read(model, made, what)
    config = ExpressionConfig()
    unread = np.array([is_overexposed(face, config) for face in made])
    calm = told.copy()
    if ANGER in faces.classes:
        calm[unread, faces.classes.index(ANGER)] = -np.inf
    return {
        "accuracy": accuracies(told, faces),
        "calm_as_angry": calm_read_as_angry(calm, faces),
        "unread": share(unread),
    }


def as_text(measured: Mapping[str, Any]) -> str:
    """A table for each distortion."""
    parts = [
        f"{measured['file']} on {measured['faces']} faces, each distorted at its 48 pixels. "
        f"Undistorted: {_plain(measured['plain'])}."
    ]
    for name, points in measured["curves"].items():
        columns = _columns(points)
        head = [
            DISTORTIONS[name].axis,
            *(f"{WHAT[what]}, {LABEL_NAMES[labels]}" for what, labels in columns),
            "burnt out, not read",
        ]
        rows = [
            [
                f"{point['level']:g}",
                *(percent(point[what][labels]) for what, labels in columns),
                percent(point["unread"]),
            ]
            for point in points
        ]
        parts.append(f"**{name}.** {DISTORTIONS[name].about}\n\n{markdown_table(head, rows)}")
    return "\n\n".join(parts)


def _plain(point: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{WHAT[what]} {percent(point[what][labels])} ({LABEL_NAMES[labels]})"
        for what, labels in _columns([point])
    )


def _columns(points: list[Any]) -> list[tuple[str, str]]:
    return [(what, labels) for what in WHAT for labels in points[0][what]]


def charts(measured: Mapping[str, Any]) -> list[Chart]:
    """One a distortion: both label sets, accuracy and false anger."""
    return [
        Chart(
            f"How {name} changes what {measured['file']} reads",
            "line",
            DISTORTIONS[name].axis,
            "% of faces",
            [_series(points, what, labels) for what, labels in _columns(points)],
            f"{DISTORTIONS[name].about} {measured['faces']} faces; the bands are 95% intervals.",
            log_x=DISTORTIONS[name].log,
            marks=_marks(DISTORTIONS[name]),
        )
        for name, points in measured["curves"].items()
    ]


def _marks(distortion: Distortion) -> list[tuple[float, str]]:
    return [] if distortion.plain is None else [(distortion.plain, "undistorted")]


def _series(points: list[Any], what: str, labels: str) -> Series:
    there = [point for point in points if point[what][labels]["value"] is not None]
    shares = [point[what][labels] for point in there]
    return Series(
        f"{WHAT[what]}, {LABEL_NAMES[labels]}",
        [point["level"] for point in there],
        [100 * one["value"] for one in shares],
        [(100 * one["interval_95"][0], 100 * one["interval_95"][1]) for one in shares],
    )


def figures(measured: Mapping[str, Any]) -> list[Figure]:
    """The accuracy at the strongest level of each distortion."""
    return [
        Figure(
            f"robustness/{name} {points[-1]['level']:g}/{labels}",
            100 * told["value"],
            "%",
            "higher",
            timed=False,
        )
        for name, points in measured["curves"].items()
        for labels, told in points[-1]["accuracy"].items()
        if told["value"] is not None
    ]
