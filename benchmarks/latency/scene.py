"""Frames of standing visitors, in the forms in which cameras hand them over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.visitors import standing
from edge.camera.demo import Stage
from edge.vision.face import Gray

T = TypeVar("T")

FPS = 10  # what the service asks of a camera
QUALITY = 85  # of the JPEG; cameras lie around it
_COLOUR_NOISE = 3.0  # standard deviation, in levels, of both colour planes


def draw(width: int, height: int, faces: int, count: int) -> list[Gray]:
    """`count` frames, (height, width) uint8, 10 to a second, with sway, flicker and noise."""
    stage = Stage(standing(faces), width, height)
    return [stage.render(index / FPS, index) for index in range(count)]


def back_and_forth(items: Sequence[T]) -> Iterator[T]:
    """The items again and again, without a jump from the last to the first."""
    turn = [*items, *items[-2:0:-1]]
    while True:
        yield from turn


def as_mjpeg(gray: Gray) -> Gray:
    """(1, n) uint8: the frame as a JPEG in colour with half of the colour's columns, as MJPG."""
    planes = np.dstack((gray, _colour(*gray.shape)))
    options = (
        cv2.IMWRITE_JPEG_QUALITY,
        QUALITY,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    )
    encoded = cv2.imencode(".jpg", cv2.cvtColor(planes, cv2.COLOR_YCrCb2BGR), options)[1]
    return np.asarray(encoded, dtype=np.uint8).reshape(1, -1)


@lru_cache(maxsize=1)
def _colour(height: int, width: int) -> NDArray[np.uint8]:
    """(h, w, 2) uint8: no colour but the sensor's noise, so that a decoder has work with it."""
    noise = np.random.default_rng(0).normal(128, _COLOUR_NOISE, (height, width, 2))
    return np.clip(noise, 0, 255).astype(np.uint8)


def as_yuyv(gray: Gray) -> NDArray[np.uint8]:
    """(h, w, 2) uint8: the frame with a colour byte after each grey one."""
    return np.dstack((gray, np.full_like(gray, 128)))
