"""What the card says of the data: the audit's figures, and what copies of test faces are worth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from train.audit import with_and_without
from train.data import FaceSet
from train.metrics import label_sets

KEPT = (
    "faces",
    "labels",
    "imbalance",
    "files",
    "blank",
    "saturated",
    "no_face_found",
    "ferplus",
    "copies",
    "leak",
    "thresholds",
)


def summary(path: Path) -> dict[str, Any]:
    """The figures of an `audit.json`, without the names of faces and without another model's.

    Raises:
        DataError: the file cannot be read or is no audit.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return {name: told[name] for name in KEPT}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DataError(
            f"{path}: is not what edge-train audit --out writes ({type(error).__name__}: {error})"
        ) from error


def with_originals_only(
    both: dict[str, Any],
    read: NDArray[np.float32],
    faces: FaceSet,
    copied: NDArray[np.bool_],
) -> dict[str, Any]:
    """Add to each label set's scores the accuracy on faces of which Training has no copy.

    Args:
        both: By label set, the scores of one split.
        read: (n, k) probabilities.
        copied: (n,) whether Training has a copy, from `train.audit.leaked`.
    """
    told = read.argmax(axis=1)
    result = {}
    for labels, (chosen, truth) in label_sets(faces).items():
        split = with_and_without(told[chosen] == truth, copied[chosen])
        result[labels] = {
            **both[labels],
            "with_copy_in_training": split["leaked"],
            "accuracy_without_copies": split["without"],
        }
    return result
