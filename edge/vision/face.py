"""The one crop and the one normalisation: training, conversion and the device all call these."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]


class Box(NamedTuple):
    """A bounding box in pixels: left, top, width, height."""

    x: int
    y: int
    w: int
    h: int

    @property
    def area(self) -> int:
        """Pixels inside the box."""
        return self.w * self.h

    @property
    def center(self) -> tuple[float, float]:
        """The middle of the box, in pixels."""
        return self.x + self.w / 2, self.y + self.h / 2

    def scaled(self, factor: float) -> Box:
        """The same box in a picture `factor` times as large."""
        return Box(*(round(value * factor) for value in self))

    def grown(self, margin: float) -> Box:
        """The box with `margin` times its size added on every side."""
        dx, dy = round(self.w * margin), round(self.h * margin)
        return Box(self.x - dx, self.y - dy, self.w + 2 * dx, self.h + 2 * dy)

    def clipped(self, width: int, height: int) -> Box:
        """The part of the box inside a `width` x `height` picture; may be empty (area 0)."""
        left, top = min(max(self.x, 0), width), min(max(self.y, 0), height)
        right, bottom = (
            min(max(self.x + self.w, left), width),
            min(max(self.y + self.h, top), height),
        )
        return Box(left, top, right - left, bottom - top)

    def iou(self, other: Box) -> float:
        """Intersection over union with `other`, 0 to 1."""
        width = min(self.x + self.w, other.x + other.w) - max(self.x, other.x)
        height = min(self.y + self.h, other.y + other.h) - max(self.y, other.y)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.area + other.area - shared)


def crop(gray: Gray, box: Box, margin: float = 0.0) -> Gray:
    """Cut the face out of a grey frame, with `margin` of the box added on every side.

    Where the box leaves the frame, the edge's pixels are repeated, so a face at the border keeps
    its proportions.

    Args:
        gray: (h, w) uint8.
        box: The face in the pixels of `gray`; it must overlap the frame.

    Returns:
        (n, m) uint8; a view of `gray` where the box lies inside it.

    Raises:
        ValueError: the box does not overlap the frame.
    """
    height, width = gray.shape
    wanted = box.grown(margin)
    inside = wanted.clipped(width, height)
    if inside.area == 0:
        raise ValueError(f"box {tuple(box)} lies outside the {width}x{height} frame")
    pixels = gray[inside.y : inside.y + inside.h, inside.x : inside.x + inside.w]
    if inside == wanted:
        return pixels
    top, left = inside.y - wanted.y, inside.x - wanted.x
    bottom, right = wanted.h - inside.h - top, wanted.w - inside.w - left
    return cv2.copyMakeBorder(pixels, top, bottom, left, right, cv2.BORDER_REPLICATE)  # type: ignore[return-value]


def normalise(face: Gray, size: int, source_size: int = 48) -> Gray:
    """Bring a grey crop of any size to the model's input.

    A crop larger than the training faces is first shrunk to their size and then enlarged as they
    were, because a model that has only seen enlarged 48-pixel faces has never seen sharp ones.

    Args:
        face: (h, w) uint8, at least 1x1.
        size: The model's input side, in pixels.
        source_size: The side of the faces the model was trained on, in pixels.

    Returns:
        (size, size) uint8.

    Raises:
        ValueError: `face` is not a non-empty 2-D uint8 array.
    """
    if face.ndim != 2 or face.dtype != np.uint8 or face.size == 0:
        raise ValueError(f"a face must be a 2-D uint8 crop, not {face.dtype} {face.shape}")
    if min(face.shape) > source_size:
        face = cv2.resize(face, (source_size, source_size), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    if face.shape != (size, size):
        face = cv2.resize(face, (size, size), interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
    return face
