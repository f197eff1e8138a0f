"""Shares of faces with their intervals, and the few ways in which faces are counted. numpy only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.data import FaceSet
from train.metrics import ANGER, Probabilities, label_sets, wilson_interval

CALM = "neutral"

Share = dict[str, Any]  # n; value, None where there are too few faces; interval_95


def share(chosen: NDArray[np.bool_]) -> Share:
    """The share of True in (n,) with its 95% interval (Wilson 1927)."""
    n, count = len(chosen), int(chosen.sum())
    return {
        "n": n,
        "value": count / n if n else None,
        "interval_95": list(wilson_interval(count, n)),
    }


def truths(faces: FaceSet) -> dict[str, NDArray[np.int64]]:
    """By label set, each face's label as (n,) indices; -1 where the set has none for it."""
    found = {}
    for labels, (who, truth) in label_sets(faces).items():
        found[labels] = np.full(len(faces), -1, np.int64)
        found[labels][who] = truth
    return found


def accuracies(told: Probabilities, faces: FaceSet) -> dict[str, Share]:
    """By label set, the share of the (n, k) rows whose top label is right."""
    named = told.argmax(axis=1)
    return {
        labels: share(named[truth >= 0] == truth[truth >= 0])
        for labels, truth in truths(faces).items()
    }


def calm_read_as_angry(told: Probabilities, faces: FaceSet) -> dict[str, Share]:
    """By label set, the share of neutral faces whose top label is `angry`.

    Empty where the faces have no such classes.
    """
    if not {CALM, ANGER} <= set(faces.classes):
        return {}
    calm, angry = faces.classes.index(CALM), faces.classes.index(ANGER)
    named = told.argmax(axis=1)
    return {labels: share(named[truth == calm] == angry) for labels, truth in truths(faces).items()}
