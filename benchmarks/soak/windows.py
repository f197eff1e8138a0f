"""Frames gathered into windows of some seconds, each told in a few numbers; knows no clock."""

from __future__ import annotations

from typing import Any

from benchmarks.timing import percentiles


class Windows:
    """Counts and times frames until a window is full.

    Args:
        length: Of a window, in seconds.
        fps: Frames a second of the camera.
    """

    def __init__(self, length: float, fps: float) -> None:
        self._length, self._fps = length, fps
        self._start: float | None = None
        self._first: float | None = None
        self._last = 0.0
        self._spent: list[float] = []
        self._missed = 0

    def frame(self, now: float, stamp: float, spent_ms: float) -> dict[str, Any] | None:
        """Take in one frame that was looked at.

        Args:
            now: Seconds of any clock that does not go back.
            stamp: The frame's time stamp, in the camera's seconds.
            spent_ms: What looking at it took.

        Returns:
            The window that this frame fills: `frames` in it, `missed` of the camera's between
            them, camera `seconds` since the very first frame, and percentiles of the time a
            frame took; None while it is not full.
        """
        if self._start is None or self._first is None:
            # the first frame pays for lazy set-up in every library
            self._start, self._first, self._last = now, stamp, stamp
            return None
        self._missed += max(0, round((stamp - self._last) * self._fps) - 1)
        self._last = stamp
        self._spent.append(spent_ms)
        if now - self._start < self._length:
            return None
        told = {
            "frames": len(self._spent),
            "missed": self._missed,
            "seconds": stamp - self._first,
            **percentiles(self._spent),
        }
        self._start, self._spent, self._missed = now, [], 0
        return told
