"""Finding faces with a Haar cascade (Viola and Jones 2001, Lienhart and Maydt 2002).

Cost decides everything here. A search of the whole picture is done on a shrunk copy with a floor
under the face's size; a face that is already known is looked for only around its last place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.vision.card import MODELS
from edge.vision.face import Box

Gray = NDArray[np.uint8]

CASCADE = MODELS / "haarcascade_frontalface_default.xml"
WINDOW = 24  # the cascade was trained on 24x24 faces and finds nothing smaller
NEAR_SCALE = 1.1  # few sizes are tried around a known face, so they can lie close together


@dataclass(frozen=True)
class DetectionConfig:
    """How faces are searched.

    Attributes:
        width: Pixels a frame is shrunk to for a full search.
        min_face: Smallest face, as a share of the frame's height.
        scale: Step between the sizes tried, above 1.
        neighbours: Overlapping hits that make a face.
        near_margin: How far around a known face to look, in shares of its size.
        full_every: Seconds between full searches while a face is known.
        idle_every: Seconds between full searches while nothing moves and nobody is there.
    """

    width: int = 320
    min_face: float = 0.14
    scale: float = 1.2
    neighbours: int = 4
    near_margin: float = 0.33
    full_every: float = 1.0
    idle_every: float = 2.0


BOUNDS: Mapping[str, tuple[float, float]] = {
    "width": (64, 8192),
    "min_face": (0.01, 1),
    "scale": (1.01, 2),
    "neighbours": (0, 50),
    "near_margin": (0.05, 2),
    "full_every": (0, 60),
    "idle_every": (0, 60),
}


class Detector:
    """A Haar cascade with a search of the whole picture and one around a known face."""

    def __init__(self, config: DetectionConfig | None = None, cascade: Path = CASCADE) -> None:
        self.config = config or DetectionConfig()
        if not cascade.is_file():
            raise ModelError(f"{cascade}: the face cascade is missing; reinstall edge-emotion")
        try:
            self._cascade = cv2.CascadeClassifier(str(cascade))
            broken = self._cascade.empty()
        except (cv2.error, SystemError):  # the latter is what OpenCV makes of what is not XML
            broken = True
        if broken:
            raise ModelError(f"{cascade}: is not a face cascade; reinstall edge-emotion")

    def full(self, gray: Gray) -> list[Box]:
        """Search the whole (h, w) uint8 picture; boxes in its pixels, largest first."""
        height, width = gray.shape
        shrink = min(1.0, self.config.width / width)
        if round(min(width, height) * shrink) < WINDOW:
            return []
        small = shrunk(gray, shrink)
        floor = max(WINDOW, round(self.config.min_face * height * shrink))
        boxes = self._search(
            small, floor, max(small.shape), self.config.scale, self.config.neighbours
        )
        return sorted((box.scaled(1 / shrink) for box in boxes), key=lambda box: -box.area)

    def near(self, gray: Gray, known: Box) -> Box | None:
        """Look for a known face around its last place; None if it is not there."""
        height, width = gray.shape
        area = known.grown(self.config.near_margin).clipped(width, height)
        # At 60 pixels a face is found as surely as at 200, for a tenth of the work.
        shrink = min(1.0, 60 / max(1, known.w))
        if round(min(area.w, area.h) * shrink) < WINDOW:
            return None
        patch = shrunk(gray[area.y : area.y + area.h, area.x : area.x + area.w], shrink)
        side = known.w * shrink
        smallest, largest = max(WINDOW, round(side * 0.75)), round(side * 1.33)
        # a face is expected here, so one hit fewer convinces
        neighbours = max(1, self.config.neighbours - 1)
        boxes = self._search(patch, smallest, largest, NEAR_SCALE, neighbours)
        if not boxes:
            return None
        found = [box.scaled(1 / shrink) for box in boxes]
        placed = [Box(box.x + area.x, box.y + area.y, box.w, box.h) for box in found]
        return max(placed, key=known.iou)

    def thorough(self, gray: Gray, min_face: int = 30) -> list[Box]:
        """Search a single picture where time matters less than missing nobody.

        Faces down to `min_face` pixels are found; more overlapping hits are asked for, since
        every small step is another chance of a false face.
        """
        found = self._cascade.detectMultiScale(
            gray, scaleFactor=1.1, minNeighbors=5, minSize=(min_face, min_face)
        )
        boxes = [Box(*map(int, box)) for box in found]
        return sorted(boxes, key=lambda box: -box.area)

    def _search(
        self, gray: Gray, smallest: int, largest: int, scale: float, neighbours: int
    ) -> list[Box]:
        if min(gray.shape) < smallest:
            return []
        found = self._cascade.detectMultiScale(
            gray,
            scaleFactor=scale,
            minNeighbors=neighbours,
            minSize=(smallest, smallest),
            maxSize=(largest, largest),
        )
        return [Box(*map(int, box)) for box in found]


def shrunk(gray: Gray, factor: float) -> Gray:
    """The (h, w) uint8 picture with both sides times `factor`, each new pixel a mean of old ones.

    The picture itself, not a copy, where `factor` is 1 or more: nothing is made larger.
    """
    if factor >= 1:
        return gray
    return np.asarray(
        cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), dtype=np.uint8
    )
