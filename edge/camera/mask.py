"""Parts of the picture that nobody may look at, blacked straight after capture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise, product
from math import ceil, floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.camera.base import Camera, Frame
from edge.errors import ConfigError

Gray = NDArray[np.uint8]
ROUNDING = 1e-6  # by which left and width may exceed the frame: 0.7 + 0.3 does


class Area(NamedTuple):
    """A rectangle in shares of the frame's width and height."""

    left: float
    top: float
    width: float
    height: float

    def inside(self, gray: Gray) -> Gray:
        """The pixels of (h, w) that it touches, those it only grazes included; a view."""
        height, width = gray.shape[:2]
        rows = slice(floor(self.top * height), ceil((self.top + self.height) * height))
        columns = slice(floor(self.left * width), ceil((self.left + self.width) * width))
        return gray[rows, columns]


def areas(mask: Iterable[str]) -> list[Area]:
    """Read rectangles given as `left,top,width,height`, each a share of the frame: 0 to 1.

    Raises:
        ConfigError: one is not that; the message shows which.
    """
    return [_area(text) for text in mask]


def hides_all(mask: Sequence[Area]) -> bool:
    """Whether the areas together leave nothing of the frame."""
    across = sorted(
        {0.0, 1.0, *(min(edge, 1.0) for a in mask for edge in (a.left, a.left + a.width))}
    )
    down = sorted({0.0, 1.0, *(min(edge, 1.0) for a in mask for edge in (a.top, a.top + a.height))})
    tiles = product(pairwise(across), pairwise(down))
    wide = ((x, y) for x, y in tiles if min(x[1] - x[0], y[1] - y[0]) > ROUNDING)
    return all(
        any(
            a.left <= sum(x) / 2 <= a.left + a.width and a.top <= sum(y) / 2 <= a.top + a.height
            for a in mask
        )
        for x, y in wide
    )


def _area(text: str) -> Area:
    try:
        area = Area(*map(float, text.split(",")))
    except (TypeError, ValueError):
        raise _refused(text, "is not four numbers") from None
    left, top, width, height = area
    within = left + width <= 1 + ROUNDING and top + height <= 1 + ROUNDING
    # written so that a nan is refused too
    if not (left >= 0 and top >= 0 and width > 0 and height > 0 and within):
        raise _refused(text, "does not lie within the frame")
    return area


def _refused(text: str, why: str) -> ConfigError:
    return ConfigError(
        f"camera.mask: {text!r} {why}; write left,top,width,height as shares of the frame: "
        '"0,0,0.25,1" is its left quarter'
    )


def blacked(gray: Gray, mask: Sequence[Area]) -> Gray:
    """A copy of the picture with every pixel inside `mask` at 0."""
    if gray.ndim < 2:  # nobody can say where in the frame these bytes lie
        return np.zeros((0, 0), np.uint8)
    copy = gray.copy()
    for area in mask:
        area.inside(copy)[...] = 0
    return copy


class MaskedCamera:
    """A camera whose frames come with parts blacked.

    Args:
        camera: The source; closed with this.
        mask: What is blacked.
    """

    def __init__(self, camera: Camera, mask: Sequence[Area]) -> None:
        self.name, self.live = camera.name, camera.live
        self._camera, self._mask = camera, mask

    def read(self) -> Frame | None:
        """Wait for the next frame; see `Camera.read`."""
        frame = self._camera.read()
        return frame and replace(frame, gray=blacked(frame.gray, self._mask))

    def close(self) -> None:
        """Release the device."""
        self._camera.close()


def masked(camera: Camera, mask: Sequence[str]) -> Camera:
    """The camera itself where nothing is to be blacked, else one that blacks `mask`.

    Raises:
        ConfigError: a rectangle cannot be read; the camera is closed.
    """
    try:
        wanted = areas(mask)
    except ConfigError:
        camera.close()
        raise
    return MaskedCamera(camera, wanted) if wanted else camera
