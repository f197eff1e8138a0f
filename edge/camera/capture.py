"""The part that V4L2, network and clip sources share: OpenCV's capture, kept quiet."""

from __future__ import annotations

import os
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.camera.gray import to_gray
from edge.errors import CameraError


def open_capture(
    source: int | str, api: int, what: str, hint: str, params: Sequence[int] = ()
) -> cv2.VideoCapture:
    """Open an OpenCV capture without its chatter on stderr.

    Raises:
        CameraError: `what` cannot be opened; the message ends with `hint`.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    _silence()
    try:
        capture = cv2.VideoCapture(source, api, list(params))
    except cv2.error as error:
        raise CameraError(f"{what}: cannot be opened ({error.err}); {hint}") from error
    if not capture.isOpened():
        capture.release()
        raise CameraError(f"{what}: cannot be opened; {hint}")
    return capture


def next_gray(capture: cv2.VideoCapture) -> tuple[bool, NDArray[np.uint8] | None]:
    """Whether the capture returned anything, and its (h, w) uint8 plane if that is a picture."""
    ok, raw = capture.read()
    if not ok or raw is None:
        return False, None
    return True, to_gray(np.asarray(raw, dtype=np.uint8))


def _silence() -> None:
    """Keep OpenCV's own complaints off stderr; each version knows one of these two."""
    if hasattr(cv2, "setLogLevel"):
        cv2.setLogLevel(0)
    else:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
