"""A picture with what was read drawn into it. Only ever made where the operator asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.face import Box

Colour = tuple[int, int, int]

COLOURS: Mapping[str, Colour] = {  # BGR
    "angry": (60, 60, 230),
    "disgust": (80, 160, 60),
    "fear": (190, 80, 160),
    "happy": (60, 200, 240),
    "sad": (220, 140, 60),
    "surprise": (50, 150, 250),
    "neutral": (200, 200, 200),
    "negative": (110, 70, 200),
    "positive": (90, 200, 90),
}
WHITE: Colour = (255, 255, 255)
PANEL: Colour = (30, 30, 30)


def annotate(
    picture: NDArray[np.uint8], faces: Sequence[tuple[Box, str, Mapping[str, float]]]
) -> NDArray[np.uint8]:
    """Draw each face's box, its emotion and a bar for each of its probabilities.

    Args:
        picture: (h, w, 3) uint8 BGR; left as it is.
        faces: Box, a title such as `happy 97%`, probabilities by label.

    Returns:
        (h, w, 3) uint8 BGR.
    """
    drawn = picture.copy()
    height, width = drawn.shape[:2]
    taken = [box for box, _, _ in faces]
    for box, title, probabilities in faces:
        top = max(probabilities, key=probabilities.__getitem__)
        line = max(1, round(box.w / 90))
        corners = (box.x, box.y), (box.x + box.w, box.y + box.h)
        cv2.rectangle(drawn, *corners, COLOURS[top], line, cv2.LINE_AA)
        unit = max(9, min(round(box.h / 11), height // 9))
        panel = _free_place(box, unit * 9, unit * (1 + len(probabilities)), (width, height), taken)
        taken.append(panel)
        _bars(drawn, panel, unit, title, probabilities)
    return drawn


def _free_place(
    box: Box, width: int, height: int, frame: tuple[int, int], taken: Sequence[Box]
) -> Box:
    """Beside, under or over the face, wherever it hides least of other faces and panels."""
    places = (
        (box.x + box.w, box.y),
        (box.x - width, box.y),
        (box.x, box.y + box.h),
        (box.x, box.y - height),
    )
    moved = (
        Box(
            max(0, min(x, frame[0] - width)), max(0, min(y, frame[1] - height)), width, height
        ).clipped(*frame)
        for x, y in places
    )
    return min(moved, key=lambda panel: sum(panel.iou(other) for other in taken))


def _bars(
    drawn: NDArray[np.uint8],
    panel: Box,
    unit: int,
    title: str,
    probabilities: Mapping[str, float],
) -> None:
    left, top = panel.x, panel.y
    area = drawn[top : top + panel.h, left : left + panel.w]
    area[:] = (area // 4 + np.array(PANEL, np.uint8) // 4 * 3).astype(np.uint8)
    _text(drawn, title, left + unit // 3, top + round(unit * 0.8), unit, WHITE)
    for row, (emotion, probability) in enumerate(probabilities.items(), start=1):
        y = top + row * unit
        _text(drawn, emotion, left + unit // 3, y + round(unit * 0.75), unit * 0.75, WHITE)
        start = left + unit * 4
        end = start + round(probability * unit * 4.7)
        lower = y + max(2, round(unit * 0.8))
        cv2.rectangle(drawn, (start, y + round(unit * 0.2)), (end, lower), COLOURS[emotion], -1)


def _text(
    drawn: NDArray[np.uint8], text: str, x: int, y: int, height: float, colour: Colour
) -> None:
    scale = height / 32
    thick = max(1, round(scale * 1.3))
    cv2.putText(drawn, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thick, cv2.LINE_AA)
