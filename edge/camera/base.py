"""What every source of frames promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """One grey picture.

    Attributes:
        gray: (h, w) uint8.
        timestamp: Monotonic seconds at which it was taken; never less than the frame before.
        index: Frames the source gave before this one.
    """

    gray: NDArray[np.uint8]
    timestamp: float
    index: int


class Camera(Protocol):
    """A source of frames, opened and ready.

    A *live* source goes on whether or not anyone looks, so only its newest frame matters. Any
    other source (a clip) waits, and each of its frames is looked at.
    """

    name: str
    live: bool

    def read(self) -> Frame | None:
        """Wait for the next frame; None when a clip has ended.

        Raises:
            CameraError: the camera stopped giving frames.
        """

    def close(self) -> None:
        """Release the device. May be called twice."""
