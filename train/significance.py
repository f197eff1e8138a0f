"""How far a figure could be off by the luck of the faces it was measured on. numpy only.

Two questions, two methods: the bootstrap (Efron 1979) for the interval of one model's figure, and
McNemar's test (1947) for whether two models differ on the same faces.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edge.labels import EMOTIONS
from train.metrics import ANGER, Probabilities, confusion_matrix, last_of_ties

RESAMPLES = 2000
BLOCK = 100  # resamples at a time: bounds the memory to about 10 MB for each thousand faces
FEWEST = 2  # faces from which an interval can be drawn
MOST_EXACT = 1000  # discordant pairs up to which the exact test is quick

Interval = list[float]


def intervals(
    probabilities: Probabilities,
    truth: NDArray[np.int64],
    classes: Sequence[str] = EMOTIONS,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Any]:
    """95% percentile bootstrap intervals of what `train.metrics.score` returns.

    The calibration error has none: resampling biases it upwards. Classes that do not occur in a
    resample are left out of its averages, as `score` does.

    Args:
        probabilities: (n, len(classes)).
        truth: (n,) indices into `classes`.

    Returns:
        `{"accuracy": [low, high], "balanced_accuracy": ..., "macro_f1": ..., "per_class": {name:
        {"recall": ..., "precision": ..., "f1": ...}}}` and, where `angry` is a class,
        `anger_recall`, `anger_precision` and `anger_average_precision`. None where there are too
        few faces.
    """
    rng = np.random.default_rng(seed)
    by_class = _resampled_confusions(confusion_matrix(probabilities, truth), resamples, rng)
    told: dict[str, Any] = {name: _middle(by_class[name]) for name in AVERAGES}
    told["per_class"] = {
        name: {key: _middle(by_class[key][:, index]) for key in BY_CLASS}
        for index, name in enumerate(classes)
    }
    if ANGER in classes:
        angry = list(classes).index(ANGER)
        told["anger_recall"] = told["per_class"][ANGER]["recall"]
        told["anger_precision"] = told["per_class"][ANGER]["precision"]
        told["anger_average_precision"] = _middle(
            _resampled_precision(probabilities[:, angry], truth == angry, resamples, rng)
        )
    return told


AVERAGES = ("accuracy", "balanced_accuracy", "macro_f1")
BY_CLASS = ("recall", "precision", "f1")


def _resampled_confusions(
    confusion: NDArray[np.int64], resamples: int, rng: Generator
) -> dict[str, NDArray[np.float64]]:
    """Figures that a confusion matrix decides, of `resamples` drawn ones.

    To draw n faces with replacement is to draw n times from the cells that they fall into, which
    costs nothing, whatever n is.

    Returns:
        `AVERAGES` as (resamples,), `BY_CLASS` as (resamples, k); nan where a class is absent.
    """
    n, k = int(confusion.sum()), len(confusion)
    if n < FEWEST:
        nothing = np.zeros((0, k))
        return dict.fromkeys(AVERAGES, nothing[:, 0]) | dict.fromkeys(BY_CLASS, nothing)
    drawn = rng.multinomial(n, confusion.ravel() / n, resamples).reshape(-1, k, k)
    hits = drawn.diagonal(axis1=1, axis2=2).astype(float)
    actual, claimed = drawn.sum(axis=2), drawn.sum(axis=1)
    present = actual > 0
    told = {
        "recall": hits / np.maximum(actual, 1),
        "precision": hits / np.maximum(claimed, 1),
        "f1": 2 * hits / np.maximum(actual + claimed, 1),
    }
    averages = {
        "accuracy": hits.sum(axis=1) / n,
        "balanced_accuracy": told["recall"].mean(axis=1, where=present),
        "macro_f1": told["f1"].mean(axis=1, where=present),
    }
    return averages | {name: np.where(present, value, np.nan) for name, value in told.items()}


def _resampled_precision(
    scores: Probabilities, positive: NDArray[np.bool_], resamples: int, rng: Generator
) -> NDArray[np.float64]:
    """(resamples,) average precision; a resample counts each face as often as it is drawn."""
    n = len(scores)
    if n < FEWEST or not positive.any():
        return np.zeros(0)
    order = np.argsort(-scores, kind="stable")
    hits, last = positive[order], last_of_ties(scores[order])
    found = []
    for start in range(0, resamples, BLOCK):
        size = min(BLOCK, resamples - start)
        drawn = rng.multinomial(n, np.full(n, 1 / n), size)
        true = np.cumsum(drawn * hits, axis=1)[:, last]
        told = np.cumsum(drawn, axis=1)[:, last]
        gained = np.diff(true, axis=1, prepend=0) / np.maximum(true[:, -1:], 1)
        found.append((gained * true / np.maximum(told, 1)).sum(axis=1))
    return np.concatenate(found)


def _middle(values: NDArray[np.float64]) -> Interval | None:
    """The middle 95% of the values; None where there are none."""
    values = values[~np.isnan(values)]
    return [float(end) for end in np.quantile(values, [0.025, 0.975])] if len(values) else None


@dataclass(frozen=True)
class McNemar:
    """Two models on the same faces.

    Attributes:
        only_first: Faces that only the first gets right.
        only_second: Faces that only the second gets right.
        p: How likely a split at least as uneven is if neither is better (two-sided).
    """

    only_first: int
    only_second: int
    p: float


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """Compare (n,) right answers of two models on the same faces (McNemar 1947).

    The faces on which both are right or both wrong say nothing about the difference. Of the
    others each model gets half if neither is better: an exact binomial test up to 1,000 of
    them, above that chi-squared with Edwards' correction (1948).
    """
    b, c = int((first & ~second).sum()), int((second & ~first).sum())
    n = b + c
    if n <= MOST_EXACT:
        tail = sum(math.comb(n, i) for i in range(min(b, c) + 1))
        return McNemar(b, c, min(1.0, 2 * tail / 2**n))
    statistic = max(abs(b - c) - 1, 0) ** 2 / n
    return McNemar(b, c, math.erfc(math.sqrt(statistic / 2)))
