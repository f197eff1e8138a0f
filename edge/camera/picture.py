"""What one picture looks like, in figures: how bright, how burnt out, whether anything stands out.

A sample of the pixels is enough, and costs less than 0.1 ms at 640x480.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.camera.mask import Area
from edge.camera.state import CameraState

Gray = NDArray[np.uint8]

ROWS = 120  # of the sample, more or less
CELL = 8  # samples a side of the squares whose means are compared: noise is an eighth of it there
BURNT = 250  # grey level from which a pixel holds nothing any more
BRIGHT = 225  # mean from which an even picture is burnt out, also where white is 235
BRIGHTEST = 0.99  # share of pixels that is dark in a black picture; a hot pixel is none of them
STEEPEST = 0.985  # share of neighbouring squares that hardly differ in an even picture
# An even picture's squares differ by up to 0.42 standard deviations of the sensor's noise at
# `STEEPEST` (measured on 200 of them), those of pictures in which a face can be found by more.
NOISE_SHARE = 0.45
FULL_LIGHT = 100.0  # mean below which contrast shrinks with the light
DIMMEST = 0.2  # of full light; below, a glimmer at the edge of a cap would pass for a picture


class Look(NamedTuple):
    """Figures of one picture.

    Attributes:
        mean: Grey level.
        brightest: Grey level that only 1% of the pixels exceed.
        burnt: Share of pixels at 250 or above.
        contrast: Grey levels by which neighbouring squares differ where they differ most, beyond
            what noise does; in the light of a lit room.
    """

    mean: float
    brightest: float
    burnt: float
    contrast: float


class Sampler:
    """Takes the sample of frames of one size.

    Args:
        shape: (h, w) of the frames.
        mask: Areas that are blacked, and therefore say nothing.
    """

    def __init__(self, shape: tuple[int, int], mask: Sequence[Area] = ()) -> None:
        self._step = max(1, shape[0] // ROWS)
        hidden = np.zeros(shape, np.uint8)
        for area in mask:
            area.inside(hidden)[...] = 1
        seen = self.sample(hidden) == 0
        self._seen = None if seen.all() else seen
        cells = _cells(seen.astype(np.uint8)) == 1
        self._across = cells[:, 1:] & cells[:, :-1]
        self._down = cells[1:] & cells[:-1]

    def sample(self, gray: Gray) -> Gray:
        """Every so many pixels of (h, w), both ways."""
        return np.ascontiguousarray(gray[:: self._step, :: self._step])

    def look(self, sample: Gray) -> Look | None:
        """Figures of a sample; None where a mask leaves nothing to look at."""
        seen = sample if self._seen is None else sample[self._seen]
        if seen.size == 0:
            return None
        shares = np.bincount(seen.ravel(), minlength=256) / seen.size
        mean = float(shares @ np.arange(256))
        brightest = int(np.searchsorted(np.cumsum(shares), BRIGHTEST))
        return Look(mean, brightest, float(shares[BURNT:].sum()), self._contrast(sample, mean))

    def _contrast(self, sample: Gray, mean: float) -> float:
        cells = _cells(sample)
        across = np.abs(np.diff(cells, axis=1))[self._across]
        down = np.abs(np.diff(cells, axis=0))[self._down]
        steps = np.concatenate([across, down])
        if steps.size == 0:  # too small a part to tell: benefit of the doubt
            return float("inf")
        rank = int(STEEPEST * (steps.size - 1))
        beyond = np.partition(steps, rank)[rank] - NOISE_SHARE * self._noise(sample)
        return float(beyond / max(DIMMEST, min(1.0, mean / FULL_LIGHT)))

    def _noise(self, sample: Gray) -> float:
        """Standard deviation, from how much neighbours differ; what has texture has more of it."""
        one, other = sample[::2, 1:], sample[::2, :-1]
        if self._seen is not None:
            both = self._seen[::2, 1:] & self._seen[::2, :-1]
            one, other = one[both], other[both]
        differences = np.maximum(one, other) - np.minimum(one, other)
        shares = np.cumsum(np.bincount(differences.ravel(), minlength=256)) / max(1, one.size)
        return _median(shares) / (0.6745 * 2**0.5)


def _median(shares: NDArray[np.float64]) -> float:
    """The level that half of all values lie below, between whole levels."""
    level = int(np.searchsorted(shares, 0.5))
    below = shares[level - 1] if level else 0.0
    inside = shares[min(level, 255)] - below
    return level - 0.5 + float((0.5 - below) / inside) if inside > 0 and level else 0.0


def _cells(sample: Gray) -> NDArray[np.float32]:
    """Means of the squares that fit into the sample."""
    rows, columns = sample.shape[0] // CELL, sample.shape[1] // CELL
    squares = sample[: rows * CELL, : columns * CELL].reshape(rows, CELL, columns, CELL)
    # in two steps of whole numbers, which is five times as fast as one mean
    sums = squares.sum(axis=1, dtype=np.uint16).sum(axis=2, dtype=np.uint16)
    return np.asarray(sums / np.float32(CELL * CELL), dtype=np.float32)


def symptom(look: Look | None, black: float, covered: float, overexposed: float) -> CameraState:
    """What is wrong with a picture of these figures; limits as in `CameraConfig`."""
    if look is None:
        return CameraState.OK
    if look.brightest < black:
        return CameraState.BLACK
    if look.burnt > overexposed:
        return CameraState.OVEREXPOSED
    if look.contrast >= covered:
        return CameraState.OK
    if look.mean < black:
        return CameraState.BLACK
    return CameraState.OVEREXPOSED if look.mean >= BRIGHT else CameraState.COVERED
