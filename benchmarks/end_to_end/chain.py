"""A frame's way through detector, crop and model, for faces whose place in it is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.end_to_end.scene import Scene
from benchmarks.progress import progress
from edge.vision.detect import Detector
from edge.vision.expression import ExpressionModel
from edge.vision.face import Box, Gray, crop

HIT = 0.3  # intersection over union from which a box is of the face and not of the wall

# Whose box is read: the true one, that of a search of the whole frame, that of one around it,
# which is what a visitor's face is read from most of the time.
How = Literal["true", "full", "near"]
HOWS: tuple[How, ...] = ("true", "full", "near")


@dataclass(frozen=True)
class Look:
    """What the detector makes of one frame.

    Attributes:
        boxes: By how they came about; a face that is not found has no `full` and no `near`.
        elsewhere: Boxes that are of no face.
    """

    boxes: dict[How, Box]
    elsewhere: int


@dataclass(frozen=True)
class Readings:
    """All faces at one size.

    Attributes:
        found: By `full` and `near`, (n,) bool.
        elsewhere: (n,) boxes of no face, in each frame.
        offset: (m, 3) of the faces found by a full search: how far the box lies right of and
            below the true one, in shares of its side, and how much wider it is.
        told: By how and crop margin, (n, k) float32 probabilities; rows of faces that were not
            found are 0. The true boxes are read without a margin.
    """

    found: dict[str, NDArray[np.bool_]]
    elsewhere: NDArray[np.int64]
    offset: NDArray[np.float64]
    told: dict[tuple[How, float], NDArray[np.float32]]


def look(detector: Detector, gray: Gray, truth: Box) -> Look:
    """Search a (h, w) uint8 frame as the pipeline does: everywhere first, then around the face."""
    everywhere = detector.full(gray)
    hits = [box for box in everywhere if box.iou(truth) >= HIT]
    boxes: dict[How, Box] = {"true": truth}
    if hits:
        boxes["full"] = max(hits, key=truth.iou)
        near = detector.near(gray, boxes["full"])
        if near is not None and near.iou(truth) >= HIT:
            boxes["near"] = near
    return Look(boxes, len(everywhere) - len(hits))


def read_all(
    model: ExpressionModel,
    detector: Detector,
    scene: Scene,
    images: Sequence[Gray],
    side: int,
    margins: Sequence[float],
) -> Readings:
    """Set each face into a frame about `side` pixels large, find it, and read it at each margin."""
    n, k = len(images), len(model.labels)
    asked: list[tuple[How, float]] = [("true", 0.0)]
    asked += [(how, margin) for how in ("full", "near") for margin in margins]
    told = {key: np.zeros((n, k), np.float32) for key in asked}
    looks = []
    for index, face in enumerate(progress(images, f"faces of {side} px", n)):
        gray, truth = scene.frame(face, side, index)
        looks.append(look(detector, gray, truth))
        for (how, margin), rows in told.items():
            if how in looks[-1].boxes:
                cut = crop(gray, looks[-1].boxes[how], margin)
                rows[index] = model.predict([cut])[0]
    return Readings(
        {how: np.array([how in one.boxes for one in looks], bool) for how in ("full", "near")},
        np.array([one.elsewhere for one in looks], np.int64),
        offsets(looks),
        told,
    )


def offsets(looks: Sequence[Look]) -> NDArray[np.float64]:
    """`Readings.offset` of what was found; (0, 3) of nothing."""
    rows = [_offset(one.boxes["true"], one.boxes["full"]) for one in looks if "full" in one.boxes]
    return np.array(rows, float).reshape(-1, 3)


def _offset(truth: Box, box: Box) -> tuple[Any, Any, Any]:
    (x, y), (true_x, true_y) = box.center, truth.center
    return (x - true_x) / truth.w, (y - true_y) / truth.h, box.w / truth.w - 1
