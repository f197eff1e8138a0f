"""Pictures that show nothing, and pictures that are burnt out. Needs numpy only.

Every figure here was chosen by looking at FER-2013 sorted by it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.audit.gallery import Gallery

# A black picture has a standard deviation of 0 to 4 grey levels, the darkest that is a face 9.
LEAST_SPREAD = 6.0
# Share of the pixels within PLAIN_WITHIN levels of the commonest one. In FER-2013 the nine above
# 0.75 are notices ("this image was moved") and warning signs; the palest real face has 0.73.
PLAIN = 0.75
PLAIN_WITHIN = 4
# Only the middle counts: many faces have a black or white border, which costs nothing. From a
# quarter on, what is left in FER-2013 are drawings, posterised prints and half-dark faces.
SATURATED = 0.25
BORDER = 1 / 6  # of the side, on each side


@dataclass(frozen=True)
class Exposure:
    """What the grey levels of each face say.

    Attributes:
        spread: (n,) float32 standard deviation, in grey levels.
        plain: (n,) float32 share of the pixels that are nearly the commonest grey level.
        saturated: (n,) float32 share of the middle's pixels that are 0 or 255.
    """

    spread: NDArray[np.float32]
    plain: NDArray[np.float32]
    saturated: NDArray[np.float32]

    @property
    def is_blank(self) -> NDArray[np.bool_]:
        """(n,) blank or nearly constant: no face can be seen."""
        return (self.spread < LEAST_SPREAD) | (self.plain >= PLAIN)

    @property
    def is_saturated(self) -> NDArray[np.bool_]:
        """(n,) burnt out where the face is; a blank one is not told twice."""
        return (self.saturated >= SATURATED) & ~self.is_blank


def measure(gallery: Gallery) -> Exposure:
    """Measure every face, block by block."""
    parts = [_measured(images) for _, images in gallery.blocks()]
    return Exposure(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _measured(images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
    """Spread, plain share and saturated share of (n, s, s) faces."""
    count, side = images.shape[:2]
    flat = images.reshape(count, -1)
    edge = round(side * BORDER)
    middle = images[:, edge : side - edge, edge : side - edge].reshape(count, -1)
    ends = ((middle == 0) | (middle == 255)).mean(axis=1)
    spread = flat.std(axis=1, dtype=np.float32)
    return spread, _plain(flat), ends.astype(np.float32)


def _plain(flat: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The largest share of (n, p) pixels within `PLAIN_WITHIN` levels of any one level."""
    count, pixels = flat.shape
    cells = flat + 256 * np.arange(count)[:, None]
    histogram = np.bincount(cells.ravel(), minlength=256 * count).reshape(count, 256)
    total = np.pad(np.cumsum(histogram, axis=1), ((0, 0), (1, 0)))
    level = np.arange(256)
    above = np.minimum(level + PLAIN_WITHIN + 1, 256)
    below = np.maximum(level - PLAIN_WITHIN, 0)
    return np.asarray((total[:, above] - total[:, below]).max(axis=1) / pixels, np.float32)
