"""What light, lens, sensor, cable, distance and posture do to a face: pure functions of pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from edge.vision.face import Gray
from train.subgroups import shrunk


@dataclass(frozen=True)
class Distortion:
    """One way to make a face harder to read.

    Attributes:
        axis: What the level is, with its unit.
        levels: From weak to strong.
        plain: The level that changes nothing; None where even the weakest changes something.
        apply: From a (h, w) uint8 face, a level and the face's number to a uint8 face.
        about: How to read its curve.
        log: Whether the levels are best drawn on a logarithmic axis.
    """

    axis: str
    levels: tuple[float, ...]
    plain: float | None
    apply: Callable[[Gray, float, int], Gray]
    about: str
    log: bool = False


def lit(face: Gray, factor: float, _index: int = 0) -> Gray:
    """Give the face `factor` times the light; what a sensor cannot hold is cut off."""
    return np.asarray(np.clip(np.round(face * np.float32(factor)), 0, 255), np.uint8)


def blurred(face: Gray, sigma: float, _index: int = 0) -> Gray:
    """Blur by a Gaussian of `sigma` pixels."""
    return face if sigma == 0 else np.asarray(cv2.GaussianBlur(face, (0, 0), sigma), np.uint8)


def noisy(face: Gray, deviation: float, index: int) -> Gray:
    """Add Gaussian noise of `deviation` grey levels, the face's own at every level."""
    noise = np.random.default_rng((2013, index)).normal(0, 1, face.shape)
    return np.asarray(np.clip(np.round(face + deviation * noise), 0, 255), np.uint8)


def coded(face: Gray, quality: float, _index: int = 0) -> Gray:
    """Send the face through JPEG."""
    _, content = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, round(quality)])
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE), np.uint8)


def far(face: Gray, side: float, _index: int = 0) -> Gray:
    """Let the camera have only `side` x `side` pixels of the face."""
    return shrunk(face, round(side))


def tilted(face: Gray, degrees: float, index: int) -> Gray:
    """Turn the face in the picture's plane, every second one the other way."""
    if degrees == 0:
        return face
    height, width = face.shape
    angle = degrees if index % 2 else -degrees
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    turned = cv2.warpAffine(face, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8)


DISTORTIONS: Mapping[str, Distortion] = {
    "brightness": Distortion(
        "times the light",
        (0.06, 0.12, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0),
        1.0,
        lit,
        "Below 1 the face has ever fewer grey levels, above 1 it burns out.",
        log=True,
    ),
    "blur": Distortion(
        "blur, pixels of a 48-pixel face",
        (0.0, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0),
        0.0,
        blurred,
        "Standard deviation of a Gaussian.",
    ),
    "noise": Distortion(
        "noise, grey levels",
        (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0),
        0.0,
        noisy,
        "Standard deviation, at 48 pixels; a near face has less, since shrinking it averages.",
    ),
    "JPEG": Distortion(
        "JPEG quality",
        (95.0, 80.0, 60.0, 40.0, 20.0, 10.0, 5.0),
        None,
        coded,
        "Of the 48-pixel face: the worst case. In a near face the blocks are finer.",
    ),
    "distance": Distortion(
        "pixels of the face",
        (48.0, 40.0, 32.0, 24.0, 20.0, 16.0, 12.0, 8.0),
        48.0,
        far,
        "Read as if it were found; the detector's floor under a face's size lies higher.",
    ),
    "rotation": Distortion(
        "degrees of tilt",
        (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0),
        0.0,
        tilted,
        "In the picture's plane, half of the faces to each side.",
    ),
}
