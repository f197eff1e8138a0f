"""A bias per class that brings a model's classes to wanted frequencies. Pure; numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.metrics import softmax

LONGEST_STEP = 1.0  # logits
STEPS = 50

Logits = NDArray[np.floating[Any]]
Frequencies = NDArray[np.floating[Any]]


def bias_for(
    parts: Sequence[tuple[float, Logits, Frequencies]], ridge: float
) -> NDArray[np.float32]:
    """The bias whose cross-entropy is lowest, by Newton's method.

    There the mean probability of each class is its frequency, up to the ridge.

    Args:
        parts: Weight, (n, k) logits, and the (k,) frequencies that these faces' classes have.
        ridge: Keeps the bias of a class that hardly occurs from running away.

    Returns:
        (k,) float32 with mean 0, to be added to the logits.
    """
    bias = np.zeros(parts[0][1].shape[1])
    for _ in range(STEPS):
        slope, curvature = ridge * bias, ridge * np.eye(len(bias))
        for weight, logits, wanted in parts:
            told = softmax(logits + bias)
            slope += weight * (told.mean(axis=0) - wanted)
            spread = told.T @ told / len(told)
            curvature += weight * (np.diag(told.mean(axis=0)) - spread)
        bias -= np.clip(np.linalg.solve(curvature, slope), -LONGEST_STEP, LONGEST_STEP)
    return np.asarray(bias - bias.mean(), dtype=np.float32)
