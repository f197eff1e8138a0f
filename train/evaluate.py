"""Scoring a float Keras model on the splits that were kept out of training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.labels import EMOTIONS
from train.batches import plain
from train.data import FaceSet, soft_targets
from train.metrics import fit_temperature, score_both, softmax

PREDICT_BATCH = 256


def load_keras(path: Path) -> keras.Model:
    """Load a `.keras` file made by `edge-train`.

    Raises:
        DataError: it is missing, damaged or no classifier of grey faces.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; edge-train fit writes RUN/best.keras")
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
    if told != [(None, len(EMOTIONS))]:
        raise DataError(f"{path}: tells {told}, not one row of logits (None, {len(EMOTIONS)})")
    return model


def evaluate(
    model: keras.Model, splits: dict[str, FaceSet], names: tuple[str, ...]
) -> dict[str, Any]:
    """Score the model on the named splits, with its temperature taken from PublicTest.

    Returns:
        `{"temperature": T, split: {"original": {...}, "ferplus": {...}}, ...}`
    """
    size = model.input_shape[1]
    public = splits["PublicTest"]
    temperature = fit_temperature(predict(model, plain(public, size)), soft_targets(public))
    results: dict[str, Any] = {"temperature": temperature}
    for name in names:
        logits = predict(model, plain(splits[name], size))
        results[name] = score_both(softmax(logits, temperature), splits[name])
    return results


def predict(model: keras.Model, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, 7) float32 logits of (n, size, size, 1) faces."""
    parts = [
        np.asarray(model.predict_on_batch(faces[i : i + PREDICT_BATCH]))
        for i in range(0, len(faces), PREDICT_BATCH)
    ]
    return np.concatenate(parts).astype(np.float32)
