"""What benchmarks do with shares of faces: differences, samples, words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.progress import progress
from edge.vision.expression import ExpressionModel
from edge.vision.face import Gray
from train.data import FaceSet
from train.metrics import Z95, paired_difference
from train.shares import Share

LABEL_NAMES = {"original": "FER-2013's labels", "ferplus": "FER+ majority"}

FEWEST = 2  # faces that tell how far a difference wanders


def difference(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Share:
    """Share of True in (n,) `first` less that in `second`, of the same faces, with its interval."""
    if len(first) < FEWEST:
        return _unknown(len(first))
    value, interval = paired_difference(first, second)
    return {"n": len(first), "value": value, "interval_95": list(interval)}


def mean(values: NDArray[np.floating[Any]]) -> Share:
    """Mean of (n,) values of -1 to 1, with its 95% interval (normal)."""
    if len(values) < FEWEST:
        return _unknown(len(values))
    middle, half = float(values.mean()), float(Z95 * values.std() / np.sqrt(len(values)))
    return {"n": len(values), "value": middle, "interval_95": [middle - half, middle + half]}


def _unknown(n: int) -> Share:
    return {"n": n, "value": None, "interval_95": [-1.0, 1.0]}


def sample(faces: FaceSet, count: int) -> FaceSet:
    """`count` faces, the same every time, in their order; all where there are no more.

    Taken evenly from the faces sorted by label and majority, so that each class has its share: a
    part drawn at random may be several points easier than the whole.
    """
    if count >= len(faces):
        return faces
    by_class = np.lexsort((faces.majority, faces.labels))
    places = ((np.arange(count) + 0.5) * len(faces) / count).astype(int)
    return faces[np.sort(by_class[places])]


def read(model: ExpressionModel, faces: Sequence[Gray], what: str) -> NDArray[np.float32]:
    """(n, k) float32 probabilities of n faces, with a bar that says `what`."""
    rows = [model.predict([face])[0] for face in progress(faces, what, len(faces))]
    return np.stack(rows) if rows else np.zeros((0, len(model.labels)), np.float32)


def percent(told: Share) -> str:
    """As `64.5% (62.9-66.1)`; a dash of no faces."""
    if told["value"] is None:
        return "-"
    low, high = (100 * end for end in told["interval_95"])
    return f"{100 * told['value']:.1f}% ({low:.1f}-{high:.1f})"


def points(told: Share) -> str:
    """A difference in percentage points, as `-0.32 (-1.10 to +0.46)`; a dash of no faces."""
    if told["value"] is None:
        return "-"
    low, high = (100 * end for end in told["interval_95"])
    return f"{100 * told['value']:+.2f} ({low:+.2f} to {high:+.2f})"
