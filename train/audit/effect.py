"""What a model's accuracy owes to test faces of which it may have seen a copy in training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import UsageError
from edge.vision.expression import ExpressionModel
from train.audit.gallery import BLOCK
from train.data import FaceSet
from train.metrics import label_sets


def leak_effect(
    model: ExpressionModel,
    splits: Mapping[str, FaceSet],
    leaks: Mapping[str, NDArray[np.bool_]],
    say: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Judge a model for the device on the test splits, with and without their leaked faces.

    Args:
        leaks: By test split, from `train.audit.leaked`.
        say: Told which split is being read.

    Returns:
        `model` (its file's name), and by split `original` and, where there are votes, `ferplus`
        (the faces with a strict majority), each as `with_and_without` gives it.

    Raises:
        UsageError: the model has other classes than the faces.
    """
    told: dict[str, Any] = {"model": model.path.name}
    for name, leak in leaks.items():
        faces = splits[name]
        if model.labels != faces.classes:
            raise UsageError(
                f"--model {model.path}: tells {', '.join(model.labels)}, while the data is "
                f"labelled {', '.join(faces.classes)}"
            )
        if say:
            say(f"{model.path.name}: reading the {len(faces):,} faces of {name}")
        read = _read(model, faces)
        told[name] = {
            labels: with_and_without(read[chosen] == truth, leak[chosen])
            for labels, (chosen, truth) in label_sets(faces).items()
        }
    return told


def with_and_without(
    correct: NDArray[np.bool_], leak: NDArray[np.bool_]
) -> dict[str, float | int | None]:
    """Accuracy on all faces, on those without a copy in Training, and on those with one.

    Args:
        correct: (n,) whether the model got the face right.
        leak: (n,) from `train.audit.leaked`.

    Returns:
        `faces` and `leaked` (counts); `all`, `without` and `leaked_alone` (accuracy from 0 to 1,
        None of no faces).
    """

    def share(chosen: NDArray[np.bool_]) -> float | None:
        return round(float(chosen.mean()), 6) if len(chosen) else None

    return {
        "faces": len(correct),
        "leaked": int(leak.sum()),
        "all": share(correct),
        "without": share(correct[~leak]),
        "leaked_alone": share(correct[leak]),
    }


def _read(model: ExpressionModel, faces: FaceSet) -> NDArray[np.int64]:
    """(n,) the class that the model finds most probable."""
    read = [
        model.logits(list(faces.images[start : start + BLOCK])).argmax(axis=1)
        for start in range(0, len(faces), BLOCK)
    ]
    return np.concatenate([*read, np.empty(0, np.int64)])
