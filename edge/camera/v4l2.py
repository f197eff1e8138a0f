"""USB and other V4L2 cameras, by index or by path."""

from __future__ import annotations

import time
from pathlib import Path

import cv2

from edge.camera.base import Frame
from edge.camera.capture import next_gray, open_capture
from edge.camera.state import CameraFault, CameraState
from edge.errors import CameraError

# What `to_gray` understands unconverted; anything else OpenCV turns into BGR first.
RAW_FORMATS = {cv2.VideoWriter.fourcc(*name) for name in ("YUYV", "MJPG", "GREY")}
FAILED_READS = 5  # a cable knock costs one or two
PATIENCE = 2.0  # seconds of them; OpenCV itself waits ten for a camera that gives nothing


class V4l2Camera:
    """A V4L2 camera that delivers its luminance without a colour conversion where it can."""

    live = True

    def __init__(self, source: str, width: int, height: int, fps: float) -> None:
        self.name = source
        device = Path(f"/dev/video{source}" if source.isdigit() else source)
        if not device.exists():
            raise CameraFault(
                f"camera {source}: {device} does not exist; plug the camera in, or choose from "
                "--list-cameras",
                CameraState.UNPLUGGED,
            )
        self._capture = open_capture(
            str(device.resolve()),
            cv2.CAP_V4L2,
            f"camera {source}",
            f"is {device} in use by another program, or this user not in the group 'video'?",
        )
        # YUYV carries the grey plane as it is; a camera without it answers with what it has.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"YUYV"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        self._capture.set(cv2.CAP_PROP_FPS, fps)
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        if int(self._capture.get(cv2.CAP_PROP_FOURCC)) in RAW_FORMATS:
            self._capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
        self._index = 0

    def read(self) -> Frame | None:
        """Wait for the next frame; see `Camera.read`."""
        began, got = time.monotonic(), False
        for _ in range(FAILED_READS):
            got, gray = next_gray(self._capture)
            if gray is not None:
                frame = Frame(gray, time.monotonic(), self._index)
                self._index += 1
                return frame
            if time.monotonic() - began > PATIENCE:
                break
        if got:
            raise CameraFault(
                f"camera {self.name}: gives frames that are not pictures; change its cable or port",
                CameraState.BROKEN,
            )
        raise CameraError(f"camera {self.name}: stopped giving frames; is it still plugged in?")

    def close(self) -> None:
        """Release the device."""
        self._capture.release()
