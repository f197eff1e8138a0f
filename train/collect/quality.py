"""Whether a face is worth keeping: pure checks on pixels.

Every limit was read off two sets of pictures. FER-2013's own faces say what the model has learnt
from: 99.5% of them are within the limits of light. The same faces and the built-in visitors, sharp
and blurred step by step, say where sharpness ends: at 48 pixels a face loses its brows and lids
from a blur of one pixel on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.face import Box, Gray

SIDE = 48  # pixels at which faces are judged: what the model sees, whatever the camera gave
RIM = 4  # pixels at SIDE by which a detector's box wanders from frame to frame
INNER = slice(SIDE // 6, SIDE - SIDE // 6)  # the face without the wall behind it


class Refusal(StrEnum):
    """Why a shot is not kept; the value is what the person at the camera is told."""

    NO_FACE = "no face in view"
    CROWD = "more than one face in view"
    SMALL = "too far away: come closer"
    DARK = "too dark: turn a light on"
    BRIGHT = "overexposed: less light, or turn away from it"
    FLAT = "too little contrast: move the light to one side"
    BLURRED = "blurred: hold still, or clean the lens"
    ALIKE = "too like a shot already kept: move a little"


@dataclass(frozen=True)
class Limits:
    """What a face must be.

    Attributes:
        smallest: Side of the detected box, in pixels; below it the model is given less than it was
            trained on.
        second: Share of the largest face's side from which another face counts as a second
            person; the cascade takes smaller patches of a wall for faces now and then.
        darkest: Median grey level of the inner face, 0 to 255.
        brightest: The same.
        burnt: Share of the inner face that may be all but white.
        contrast: Grey levels between its 5th and 95th percentile.
        sharpness: See `sharpness`.
        likeness: See `likeness`.
    """

    smallest: int = 48
    second: float = 0.5
    darkest: float = 45.0
    brightest: float = 232.0
    burnt: float = 0.22
    contrast: float = 52.0
    sharpness: float = 0.04
    likeness: float = 0.98


def judge_boxes(boxes: Sequence[Box], limits: Limits) -> Refusal | None:
    """Look at what the detector found, largest first; None if it is one face, large enough."""
    if not boxes:
        return Refusal.NO_FACE
    largest = max(boxes, key=lambda box: box.area)
    if sum(box.w >= limits.second * largest.w for box in boxes) > 1:
        return Refusal.CROWD
    return Refusal.SMALL if min(largest.w, largest.h) < limits.smallest else None


def judge_face(face: Gray, limits: Limits) -> Refusal | None:
    """Look at light, contrast and sharpness of a grey (h, w) uint8 crop; None if all are good."""
    seen = at_side(face)
    inner = seen[INNER, INNER]
    middle = float(np.median(inner))
    if middle < limits.darkest:
        return Refusal.DARK
    if middle > limits.brightest or (inner >= 250).mean() > limits.burnt:
        return Refusal.BRIGHT
    low, high = np.percentile(inner, (5, 95))
    if high - low < limits.contrast:
        return Refusal.FLAT
    return Refusal.BLURRED if sharpness(seen) < limits.sharpness else None


def at_side(face: Gray) -> Gray:
    """Bring a grey (h, w) uint8 crop to (48, 48), as the device does before it reads it."""
    kind = cv2.INTER_AREA if min(face.shape) > SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(face, (SIDE, SIDE), interpolation=kind), dtype=np.uint8)


def sharpness(face: Gray) -> float:
    """Variance of the Laplacian (Pech-Pacheco et al. 2000) over the variance of the face.

    At one size and for one contrast, so that a far or a dimly lit face does not count as blurred.
    FER-2013's faces have 0.22 to 1.9 (98% of them), blurred by 1.5 pixels 0.01 to 0.06; the
    built-in visitors, each the average of forty faces and soft for that, 0.05 to 0.11.
    """
    seen = at_side(face).astype(np.float32)
    edges = cv2.Laplacian(seen, cv2.CV_32F, borderType=cv2.BORDER_REPLICATE)
    return float(edges.var() / max(float(seen.var()), 1.0))


def likeness(face: Gray, other: Gray) -> float:
    """Correlation of two faces, -1 to 1, where the one fits the other best.

    A box that wanders by a few pixels is not another moment, so the inner part of one is looked
    for in the other. Camera noise alone leaves 0.997, a tilt of two degrees 0.975, and two people
    have 0.2.
    """
    inner = at_side(face)[RIM:-RIM, RIM:-RIM].astype(np.float32)
    if inner.std() < 1:  # nothing to correlate; a flat picture is like any other flat one
        return float(at_side(other).std() < 1)
    found: NDArray[np.float32] = cv2.matchTemplate(
        at_side(other).astype(np.float32), inner, cv2.TM_CCOEFF_NORMED
    )  # type: ignore[assignment]
    return float(found.max())
