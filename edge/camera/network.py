"""RTSP and HTTP cameras."""

from __future__ import annotations

import time

import cv2

from edge.camera.base import Frame
from edge.camera.capture import next_gray, open_capture
from edge.camera.state import CameraFault, CameraState
from edge.errors import CameraError
from edge.message import without_password

TIMEOUT_MS = 8000


class NetworkCamera:
    """A camera that sends a stream over the network."""

    live = True

    def __init__(self, address: str) -> None:
        self.name = without_password(address)
        limits = [
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT_MS),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, TIMEOUT_MS),
        ]
        hint = "does the address answer in a video player on this machine?"
        try:
            self._capture = open_capture(address, cv2.CAP_FFMPEG, self.name, hint, limits)
        except CameraError as error:
            raise CameraFault(str(error), CameraState.UNREACHABLE) from error.__cause__
        self._index = 0

    def read(self) -> Frame | None:
        """Wait for the next frame; see `Camera.read`."""
        got, gray = next_gray(self._capture)
        if gray is None and got:
            raise CameraFault(f"{self.name}: sends what is no picture", CameraState.BROKEN)
        if gray is None:
            raise CameraError(f"{self.name}: the stream ended or timed out; is the camera on?")
        frame = Frame(gray, time.monotonic(), self._index)
        self._index += 1
        return frame

    def close(self) -> None:
        """Close the connection."""
        self._capture.release()
