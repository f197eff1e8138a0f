"""A video file: every frame is looked at, in the file's own time, as fast as the machine can."""

from __future__ import annotations

from pathlib import Path

import cv2

from edge.camera.base import Frame
from edge.camera.capture import next_gray, open_capture
from edge.errors import CameraError

FALLBACK_FPS = 25.0


class ClipCamera:
    """Frames of a video file, stamped with seconds since its start."""

    live = False

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._capture = open_capture(
            self.name, cv2.CAP_FFMPEG, self.name, "it is not a video, or damaged"
        )
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self._period = 1 / fps if 0 < fps < 1000 else 1 / FALLBACK_FPS
        self._index = 0
        self._time = -self._period  # so that the first frame is at 0 in a file without stamps

    def read(self) -> Frame | None:
        """The next frame, or None at the end; see `Camera.read`."""
        _, gray = next_gray(self._capture)
        if gray is None:
            if self._index == 0:
                raise CameraError(
                    f"{self.name}: holds no frame that can be read; it is not a video, or damaged"
                )
            return None
        stamp = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        # Some containers carry no time stamps, some jump back at an edit; time here never does.
        self._time = max(stamp, self._time + (0 if stamp > self._time else self._period))
        frame = Frame(gray, self._time, self._index)
        self._index += 1
        return frame

    def close(self) -> None:
        """Close the file."""
        self._capture.release()
