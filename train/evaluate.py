"""Scoring a float Keras model on the splits that were kept out of training."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from train.batches import prepared
from train.data import FaceSet, soft_targets
from train.metrics import fit_temperature, score_both, softmax
from train.task import TASKS, task_of

PREDICT_BATCH = 256
PREDICT_PART = 64  # what any usual number of accelerators divides


def load_keras(path: Path) -> keras.Model:
    """Load a `.keras` file made by `edge-train`.

    Raises:
        DataError: it is missing, damaged or no classifier of grey faces.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; edge-train fit writes RUN/best.keras")
    if path.suffix != ".h5" and not zipfile.is_zipfile(path):  # Keras calls it "not found"
        raise DataError(f"{path}: is not a readable Keras model (no .keras file, or half of one)")
    try:
        model = keras.saving.load_model(path, compile=False)
    except Exception as error:  # zip, HDF5 and Keras each raise their own
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(f"{path}: is not a readable Keras model ({reason})") from error
    taken, told = (
        [tuple(tensor.shape) for tensor in side] for side in (model.inputs, model.outputs)
    )
    size = taken[0][1] if len(taken[0]) == 4 else None
    if size is None or taken != [(None, size, size, 1)]:
        raise DataError(f"{path}: takes {taken}, not one square grey plane (None, n, n, 1)")
    known = [len(task.labels) for task in TASKS.values()]
    if len(told) != 1 or len(told[0]) != 2 or told[0][1] not in known:
        raise DataError(
            f"{path}: tells {told}, not one row of logits (None, n) with n one of "
            f"{', '.join(map(str, known))}"
        )
    return model


def task_faces(model: keras.Model, splits: dict[str, FaceSet]) -> dict[str, FaceSet]:
    """The splits with the labels of the task that the model was trained for."""
    task = task_of(model.output_shape[1])
    return {name: task.faces(faces) for name, faces in splits.items()}


def evaluate(
    model: keras.Model, splits: dict[str, FaceSet], names: tuple[str, ...]
) -> dict[str, Any]:
    """Score the model on the named splits, with its temperature taken from PublicTest.

    Returns:
        `{"temperature": T, split: {"original": {...}, "ferplus": {...}}, ...}`
    """
    public = splits["PublicTest"]
    logits = {name: predict(model, splits[name].images) for name in {*names, "PublicTest"}}
    temperature = fit_temperature(logits["PublicTest"], soft_targets(public))
    results: dict[str, Any] = {"temperature": temperature}
    for name in names:
        results[name] = score_both(softmax(logits[name], temperature), splits[name])
    return results


def predict(model: keras.Model, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, k) float32 logits of (n, h, w) uint8 faces of any size.

    They are brought to the model's input batch by batch, so a memory-mapped set stays on disk.
    """
    parts = [np.zeros((0, model.output_shape[1]), np.float32)]
    for start in range(0, len(images), PREDICT_BATCH):
        faces = prepared(images[start : start + PREDICT_BATCH], model.input_shape[1])
        told = keras.ops.convert_to_numpy(model.predict_on_batch(_filled(faces)))
        parts.append(np.asarray(told, np.float32)[: len(faces)])
    return np.concatenate(parts)


def _filled(faces: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Repeat the last face up to a whole number of parts.

    A short batch could not be shared among devices, and each new length would be compiled anew.
    """
    missing = -len(faces) % PREDICT_PART
    return np.concatenate([faces, np.repeat(faces[-1:], missing, axis=0)]) if missing else faces
