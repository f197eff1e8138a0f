"""One bias per emotion, so that no label set's habits decide alone what counts as neutral.

Trained towards the mean of two label sets, a network says 'neutral' wherever they disagree, since
neutral is what FER+ most often answers to FER-2013's other labels. A bias per class, chosen on
PublicTest for the accuracy under both label sets, moves the borders and nothing else (logit
adjustment, Menon et al. 2021). It is added to the last layer, so the files need not know of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge.files import replacing, write_text
from edge.labels import EMOTIONS
from train.batches import plain
from train.data import FaceSet
from train.evaluate import predict

STEPS = np.linspace(-0.5, 0.5, 21)
LIMIT = 1.5  # logits; a class that needs more is not a matter of habit
PASSES = 5


def fit_bias(
    logits: NDArray[np.float32], faces: FaceSet, original_weight: float = 0.5
) -> NDArray[np.float32]:
    """The bias that gives (n, 7) `logits` the highest `weighted_accuracy`.

    Coordinate ascent; of equal steps the smallest wins, so without gain the bias stays zero.

    Returns:
        (7,) float32 with mean 0.
    """
    bias = np.zeros(logits.shape[1])
    for _ in range(PASSES):
        for column in range(len(bias)):
            tries = [bias + step * np.eye(len(bias))[column] for step in STEPS]
            allowed = [one for one in tries if np.abs(one).max() <= LIMIT]
            bias = max(
                allowed,
                key=lambda one: (
                    weighted_accuracy(logits + one, faces, original_weight),
                    -np.abs(one - bias).sum(),
                ),
            )
    return np.asarray(bias - bias.mean(), dtype=np.float32)


def weighted_accuracy(
    logits: NDArray[np.floating[Any]], faces: FaceSet, original_weight: float
) -> float:
    """Accuracy under FER-2013's labels times `original_weight`, plus FER+'s times the rest.

    Without votes FER-2013's labels decide alone.
    """
    told = logits.argmax(axis=1)
    original = float((told == faces.labels).mean())
    agreed = faces.majority >= 0
    if not agreed.any():
        return original
    ferplus = float((told[agreed] == faces.majority[agreed]).mean())
    return original_weight * original + (1 - original_weight) * ferplus


def balance(
    model: keras.Model, public: FaceSet, original_weight: float, out: Path
) -> NDArray[np.float32]:
    """Choose the bias on `public`, add it to the model's last layer, save the model to `out`.

    What was chosen is written beside it, as `<name>.balance.json`, for the model card.

    Returns:
        (7,) the bias, in logits.
    """
    logits = predict(model, plain(public, model.input_shape[1]))
    bias = fit_bias(logits, public, original_weight)
    layer = model.get_layer("logits")
    kernel, before = layer.get_weights()
    layer.set_weights([kernel, before + bias])
    with replacing(out) as beside:
        model.save(beside)
    told = {
        "chosen_on": "PublicTest",
        "original_weight": original_weight,
        "bias": {name: round(float(b), 3) for name, b in zip(EMOTIONS, bias, strict=True)},
    }
    write_text(out.with_suffix(".balance.json"), json.dumps(told, indent=1))
    return bias
