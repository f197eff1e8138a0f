"""One bias per emotion, so that no label set's habits decide alone what counts as neutral.

Trained towards the mean of two label sets, a network says 'neutral' wherever they disagree, since
neutral is what FER+ most often answers to FER-2013's other labels. A bias per class, chosen on
PublicTest for the mean accuracy under both label sets, moves the borders and nothing else (logit
adjustment, Menon et al. 2021). It is added to the last layer, so the files need not know of it.
"""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from train.data import FaceSet

STEPS = np.linspace(-0.5, 0.5, 21)
LIMIT = 1.5  # logits; a class that needs more is not a matter of habit
PASSES = 5


def fit_bias(logits: NDArray[np.float32], faces: FaceSet) -> NDArray[np.float32]:
    """The bias that gives (n, 7) `logits` the highest mean accuracy under both label sets.

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
                key=lambda one: (mean_accuracy(logits + one, faces), -np.abs(one - bias).sum()),
            )
    return np.asarray(bias - bias.mean(), dtype=np.float32)


def mean_accuracy(logits: NDArray[np.floating], faces: FaceSet) -> float:
    """Accuracy under FER-2013's labels and under the strict FER+ majority, averaged."""
    told = logits.argmax(axis=1)
    found = [float((told == faces.labels).mean())]
    agreed = faces.majority >= 0
    if agreed.any():
        found.append(float((told[agreed] == faces.majority[agreed]).mean()))
    return float(np.mean(found))


def add_bias(model: keras.Model, bias: NDArray[np.float32]) -> None:
    """Add the bias to the model's last layer."""
    kernel, before = model.get_layer("logits").get_weights()
    model.get_layer("logits").set_weights([kernel, before + bias])
