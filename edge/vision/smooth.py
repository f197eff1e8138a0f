"""One visitor's readings over time, so that a blink or a syllable is not an emotion."""

from __future__ import annotations

from math import exp

import numpy as np
from numpy.typing import NDArray


class Smoother:
    """An exponential average in seconds, not frames: a slow device smooths as a fast one does.

    Args:
        seconds: Time constant; 0 keeps each reading as it is.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._average: NDArray[np.float32] | None = None
        self._time = 0.0

    def add(self, probabilities: NDArray[np.float32], time: float) -> NDArray[np.float32]:
        """Take in (k,) probabilities read at `time`; return the (k,) average, also summing to 1.

        Of many visitors seen at the same times they may be (n, k), and so is the average then.
        """
        if self._average is None or self._seconds <= 0:
            self._average = probabilities
        else:
            fresh = 1 - exp(-max(0.0, time - self._time) / self._seconds)
            self._average = self._average + np.float32(fresh) * (probabilities - self._average)
        self._time = time
        return self._average
