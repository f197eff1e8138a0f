"""Whether what a camera gives are pictures to be judged by, and if not, what they are."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from edge.camera.base import Frame
from edge.camera.config import CameraConfig
from edge.camera.hysteresis import Hysteresis
from edge.camera.mask import areas
from edge.camera.picture import Sampler, symptom
from edge.camera.state import CameraState

SMALLEST, LARGEST = 16, 16384  # pixels a side of anything that can be a picture
RATE_SPAN = 5.0  # seconds over which frames are counted
NAMED_BEFORE_FROZEN = (CameraState.BLACK, CameraState.OVEREXPOSED, CameraState.BROKEN)


class Judge:
    """Follows the pictures of one camera, through any number of times that it is opened.

    Knows no clock: each call is told the time.

    Args:
        config: Limits, and the mask that the frames come with.

    Attributes:
        state: `OK`, `SLOW`, or what is wrong with the pictures.
        repeats: The same bytes have come for longer than `config.frozen`, whatever they show.
    """

    def __init__(self, config: CameraConfig) -> None:
        self.state = CameraState.OK
        self.repeats = False
        self._config, self._mask = config, areas(config.mask)
        self._picture = Hysteresis(config.faulty, config.recovered)
        self._frozen = Hysteresis(max(config.frozen, 1e-3), config.recovered)
        self._slow = Hysteresis(config.faulty, config.recovered)
        self._rate = _Rate()
        self._sampler: Sampler | None = None
        self._before: Frame | None = None
        self._sample: NDArray[np.uint8] | None = None
        self._reopened = True

    def restart(self) -> None:
        """The camera has been opened anew: sizes, numbers and times may differ from before."""
        self._reopened = True
        self._rate = _Rate()
        for each in (self._picture, self._frozen, self._slow):
            each.restart()

    def look(self, frame: Frame, now: float) -> bool:
        """Take the next frame, at `now` in seconds; return whether it is fit to be judged.

        It is if it is a picture, not the one before, and nothing is wrong with the pictures.
        """
        if not self._is_picture(frame):
            self.state = self._picture.step(now, CameraState.BROKEN)
            return False
        repeated = self._repeats_last(frame) and self._config.frozen > 0
        self._before, self._reopened = frame, False
        self._follow(frame, now, repeated)
        return not (repeated or self.state.blind)

    def _is_picture(self, frame: Frame) -> bool:
        if not is_picture(frame):
            return False
        if self._reopened or self._before is None:
            return True
        same_size = frame.gray.shape == self._before.gray.shape
        return same_size and frame.timestamp >= self._before.timestamp

    def _repeats_last(self, frame: Frame) -> bool:
        """Whether the bytes are those of the frame before; all are compared only if some are."""
        shape = frame.gray.shape
        if self._sampler is None or self._before is None or self._before.gray.shape != shape:
            self._sampler, self._sample = Sampler((shape[0], shape[1]), self._mask), None
        before, self._sample = self._sample, self._sampler.sample(frame.gray)
        if before is None or self._before is None:
            return False
        return np.array_equal(before, self._sample) and np.array_equal(
            self._before.gray, frame.gray
        )

    def _follow(self, frame: Frame, now: float, repeated: bool) -> None:
        assert self._sampler is not None
        assert self._sample is not None
        limits = self._config
        look = self._sampler.look(self._sample)
        wrong = symptom(look, limits.black, limits.covered, limits.overexposed)
        state = self._picture.step(now, wrong)
        shown = CameraState.FROZEN if repeated else CameraState.OK
        self.repeats = self._frozen.step(now, shown) is CameraState.FROZEN
        if self.repeats and state not in NAMED_BEFORE_FROZEN:
            state = CameraState.FROZEN
        if state is CameraState.OK:
            self.state = self._pace(frame, now, repeated)
        else:
            self.state, self._rate = state, _Rate()
            self._slow.restart()

    def _pace(self, frame: Frame, now: float, repeated: bool) -> CameraState:
        """`SLOW` or `OK`."""
        rate = self._rate.of(now, frame.index, repeated)
        too_few = rate is not None and rate < min(self._config.slow, self._config.fps / 2)
        return self._slow.step(now, CameraState.SLOW if too_few else CameraState.OK)


def is_picture(frame: Frame) -> bool:
    """Whether the frame holds a grey picture of a sensible size: (h, w) uint8."""
    gray = frame.gray
    return (
        isinstance(gray, np.ndarray)
        and gray.dtype == np.uint8
        and gray.ndim == 2
        and min(gray.shape) >= SMALLEST
        and max(gray.shape) <= LARGEST
    )


class _Rate:
    """Frames a second that the camera gives, those nobody looked at included."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int, bool]] = deque()  # time, number, repeats the last

    def of(self, now: float, index: int, repeated: bool) -> float | None:
        """The rate, repeated frames taken off; None while too little has been seen to tell."""
        seen = self._seen
        seen.append((now, index, repeated))
        while len(seen) > 2 and now - seen[1][0] >= RATE_SPAN:
            seen.popleft()
        span = now - seen[0][0]
        if span < RATE_SPAN / 2:
            return None
        new = sum(not again for _, _, again in list(seen)[1:]) / (len(seen) - 1)
        # nothing new at all is frozen, not slow
        return float(new * (index - seen[0][1]) / span) if new else None
