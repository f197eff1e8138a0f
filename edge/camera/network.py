"""RTSP and HTTP cameras."""

from __future__ import annotations

import time

import cv2
import numpy as np

from edge.camera.base import Frame
from edge.camera.capture import open_capture
from edge.camera.gray import to_gray
from edge.errors import CameraError
from edge.message import without_password

TIMEOUT_MS = 8000


class NetworkCamera:
    """A camera that sends a stream over the network."""

    live = True

    def __init__(self, address: str) -> None:
        self.name = without_password(address)
        self._capture = open_capture(
            address,
            cv2.CAP_FFMPEG,
            self.name,
            "does the address answer in a video player on this machine?",
            [
                cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
                TIMEOUT_MS,
                cv2.CAP_PROP_READ_TIMEOUT_MSEC,
                TIMEOUT_MS,
            ],
        )
        self._index = 0

    def read(self) -> Frame | None:
        """Wait for the next frame; see `Camera.read`."""
        ok, raw = self._capture.read()
        gray = to_gray(np.asarray(raw, dtype=np.uint8)) if ok else None
        if gray is None:
            raise CameraError(f"{self.name}: the stream ended or timed out; is the camera on?")
        frame = Frame(gray, time.monotonic(), self._index)
        self._index += 1
        return frame

    def close(self) -> None:
        """Close the connection."""
        self._capture.release()
