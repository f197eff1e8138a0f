"""The package `fer`, where it is installed, as its own documentation uses it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.readers import Reader
from edge.labels import EMOTIONS
from edge.quiet import native_stderr_discarded
from edge.vision.face import Box, Gray

Look = Callable[[NDArray[np.uint8]], list[Box]]


class NotUsableError(Exception):
    """The package is not there, or does not start; the message says which."""


def fer_package() -> tuple[Look, Reader]:
    """What finds and reads the faces of a (h, w, 3) uint8 frame, and what reads ready crops.

    Raises:
        NotUsableError: it is not installed, or does not start.
    """
    try:
        with native_stderr_discarded():
            made = import_module("fer.fer").FER  # `from fer import FER` is broken in some versions
            # on a ready crop the ten pixels that it adds around a box would be a grey border
            package, for_crops = made(), made(offsets=(0, 0))
    except ModuleNotFoundError as error:
        raise NotUsableError(f"{error.name} is not installed") from error
    except Exception as error:  # it has failed on import in every way there is
        raise NotUsableError(f"it does not start ({type(error).__name__}: {error})") from error

    def look(frame: NDArray[np.uint8]) -> list[Box]:
        return [Box(*map(int, face["box"])) for face in package.detect_emotions(frame)]

    def read(faces: Sequence[Gray]) -> NDArray[np.floating[Any]]:
        return np.stack([_read_one(for_crops, face) for face in faces])

    return look, read


def in_colour(gray: Gray) -> NDArray[np.uint8]:
    """(h, w, 3) uint8: what the package expects of a camera."""
    return np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def _read_one(package: Any, face: Gray) -> NDArray[np.float32]:
    height, width = face.shape
    whole = np.array([[0, 0, width, height]])
    told = package.detect_emotions(in_colour(face), face_rectangles=whole)
    return np.array([told[0]["emotions"][emotion] for emotion in EMOTIONS], np.float32)
