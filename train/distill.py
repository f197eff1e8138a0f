"""A student learns from the labels and from one or several larger teachers (Hinton et al. 2015).

A teacher is asked once about each face, as it is and mirrored; its logits are kept on disk, so a
second student, or a resumed one, does not ask again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from edge.errors import DataError
from edge.files import replacing, sha256
from train.data import FaceSet
from train.digest import faces_digest
from train.evaluate import load_keras, predict
from train.metrics import softmax


class DistillationLoss(keras.losses.Loss):  # type: ignore[misc]
    """Cross-entropy to the labels and, at a temperature, to the teachers.

    `y_true` is (n, 2k): k target probabilities, then the teachers' k at the temperature. The
    teachers' part is multiplied by the temperature's square, as its gradients shrink by that.

    Args:
        alpha: Weight of the teachers' part; the labels have the rest.
    """

    def __init__(self, temperature: float, alpha: float, **named: Any) -> None:
        super().__init__(**named)
        self.temperature, self.alpha = temperature, alpha

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """(n,) the loss of each face."""
        labels, teachers = ops.split(y_true, 2, axis=-1)
        told = ops.log_softmax(y_pred, axis=-1)
        softened = ops.log_softmax(y_pred / self.temperature, axis=-1)
        to_labels = -ops.sum(labels * told, axis=-1)
        to_teachers = -ops.sum(teachers * softened, axis=-1) * self.temperature**2
        return (1 - self.alpha) * to_labels + self.alpha * to_teachers


def teachers_probabilities(
    paths: Sequence[str],
    faces: FaceSet,
    temperature: float,
    cache: Path,
    say: Callable[[str], None],
) -> NDArray[np.float32]:
    """(n, k) float32: the mean of the teachers' probabilities at `temperature`.

    Args:
        paths: `.keras` files.
        cache: A folder for their logits, one file for each pair of model and faces.

    Raises:
        DataError: a teacher cannot be read or was trained for another task.
    """
    digest = faces_digest(faces)[:16]
    kept = [_logits(Path(path), faces, cache, digest, say) for path in paths]
    told = [softmax(logits, temperature) for logits in kept]
    return np.asarray(np.mean(told, axis=0), np.float32)


def _logits(
    path: Path, faces: FaceSet, cache: Path, digest: str, say: Callable[[str], None]
) -> NDArray[np.float32]:
    teacher = load_keras(path)
    if teacher.output_shape[1] != len(faces.classes):
        raise DataError(
            f"--teacher {path}: tells {teacher.output_shape[1]} classes, the student learns "
            f"{len(faces.classes)}; see --task"
        )
    kept = cache / f"{sha256(path)[:16]}-{digest}.npy"
    shape = (len(faces), len(faces.classes))
    try:
        logits = np.load(kept)
        if logits.shape == shape and logits.dtype == np.float32:
            say(f"{path}: its logits for these faces are in {kept}")
            return np.asarray(logits)
    except (OSError, ValueError, EOFError):
        pass  # not there, or half of it: asked again
    say(f"{path}: asking it about {len(faces)} faces, each also mirrored ...")
    mirrored = predict(teacher, faces.images[:, :, ::-1])
    logits = np.asarray((predict(teacher, faces.images) + mirrored) / 2, np.float32)
    with replacing(kept) as beside:
        np.save(beside, logits)
    return logits
