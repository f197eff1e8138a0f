"""Has anything moved? Asked of a picture so small that asking costs nothing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = (80, 60)


class MotionGate:
    """Tells an empty, still desk from one where something happens.

    The reference follows the scene slowly, so daylight drifts without tripping the gate, while a
    person who walks up changes it within one frame.

    Args:
        threshold: Grey levels by which a spot must differ.
        share: Share of spots that must differ.
        adapt: How fast the reference follows, per frame.
    """

    def __init__(self, threshold: float = 12.0, share: float = 0.005, adapt: float = 0.2) -> None:
        self._threshold, self._share, self._adapt = threshold, share, adapt
        self._reference: NDArray[np.float32] | None = None

    def moved(self, gray: NDArray[np.uint8]) -> bool:
        """Compare (h, w) uint8 `gray` with the scene so far; True for the first frame."""
        small = cv2.resize(gray, SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
        if self._reference is None:
            self._reference = small
            return True
        moved = np.abs(small - self._reference) > self._threshold
        self._reference += self._adapt * (small - self._reference)
        return bool(moved.mean() > self._share)
