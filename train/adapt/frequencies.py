"""Keeping what the model takes for common as common as it was. Pure; numpy only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.metrics import softmax

RIDGE = 1e-4  # keeps the bias of a class that hardly occurs from running away
LONGEST_STEP = 1.0  # logits
STEPS = 50

Logits = NDArray[np.floating[Any]]


def bias_back(before: Logits, after: Logits) -> NDArray[np.float32]:
    """The bias with which `after` tells each class as often as `before`, by Newton's method.

    A few faces of one's own, however they are weighted, shift the border between classes that
    look alike for everybody, calm and sad for one. On the base data that shift is an error, and
    one that a bias per class takes back (Saerens et al. 2002 adjust to new frequencies; this
    adjusts to the old).

    Args:
        before, after: (n, k) logits of the same n faces of the base data.

    Returns:
        (k,) float32 with mean 0, to be added to the logits.
    """
    wanted = softmax(before).mean(axis=0)
    bias = np.zeros(after.shape[1])
    for _ in range(STEPS):
        told = softmax(after + bias)
        slope = told.mean(axis=0) - wanted + RIDGE * bias
        spread = told.T @ told / len(told)
        curvature = np.diag(told.mean(axis=0)) - spread + RIDGE * np.eye(len(bias))
        bias -= np.clip(np.linalg.solve(curvature, slope), -LONGEST_STEP, LONGEST_STEP)
    return np.asarray(bias - bias.mean(), dtype=np.float32)
