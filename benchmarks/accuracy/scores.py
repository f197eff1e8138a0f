"""One model's figures on one split, and how far they could be off by the luck of the faces."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.shares import difference
from train.data import FaceSet
from train.metrics import ANGER, Probabilities, at_recall, label_sets, score
from train.shares import truths
from train.significance import intervals, mcnemar

RECALLS = (0.8, 0.5)
RESAMPLES = 2000


def scored(told: Probabilities, faces: FaceSet) -> dict[str, Any]:
    """By label set, all of `train.metrics.score`, with `intervals` and anger's operating points."""
    found = {}
    for labels, (who, truth) in label_sets(faces).items():
        rows = told[who]
        found[labels] = score(rows, truth, faces.classes)
        found[labels]["intervals"] = intervals(rows, truth, faces.classes)
        if ANGER in faces.classes:
            angry = faces.classes.index(ANGER)
            for recall in RECALLS:
                found[labels][f"anger_at_recall_{recall}"] = at_recall(
                    rows[:, angry], truth == angry, recall
                ) | {"fpr_95": fpr_interval(rows[:, angry], truth == angry, recall)}
    return found


def fpr_interval(
    scores: Probabilities, positive: NDArray[np.bool_], recall: float, seed: int = 0
) -> list[float] | None:
    """95% bootstrap interval of the false-positive rate at `recall` (above 0).

    Both the positive faces, which decide the threshold, and the others are drawn anew; the number
    of drawn others above a threshold is binomial.

    Returns:
        [low, high]; None where only one class is present.
    """
    if not positive.any() or positive.all():
        return None
    rng = np.random.default_rng(seed)
    angry, others = np.sort(scores[positive]), np.sort(scores[~positive])
    drawn = np.sort(rng.integers(0, len(angry), (RESAMPLES, len(angry))), axis=1)
    thresholds = angry[drawn[:, -int(np.ceil(recall * len(angry)))]]
    above = 1 - np.searchsorted(others, thresholds) / len(others)
    rates = rng.binomial(len(others), above) / len(others)
    return [float(end) for end in np.quantile(rates, [0.025, 0.975])]


def against(told: Probabilities, reference: Probabilities, faces: FaceSet) -> dict[str, Any]:
    """How (n, k) probabilities differ from the float model's on the same faces.

    Returns:
        `same_label` (share), `kl` (mean Kullback-Leibler divergence from the float model's, nats)
        and, by label set, the `difference` of accuracy with its interval and McNemar's test.
    """
    labels, expected = told.argmax(axis=1), reference.argmax(axis=1)
    result: dict[str, Any] = {
        "same_label": float((labels == expected).mean()),
        "kl": divergence(reference, told),
    }
    for name, truth in truths(faces).items():
        chosen = truth >= 0
        right, before = (one[chosen] == truth[chosen] for one in (labels, expected))
        changed = mcnemar(right, before)
        lost = difference(right, before)
        result[name] = {
            "difference": lost["value"],
            "interval_95": lost["interval_95"],
            "only_this": changed.only_first,
            "only_float": changed.only_second,
            "p": changed.p,
        }
    return result


def divergence(reference: Probabilities, told: Probabilities) -> float:
    """Mean Kullback-Leibler divergence of (n, k) `told` from `reference`, in nats."""
    p, q = (np.maximum(one.astype(np.float64), 1e-12) for one in (reference, told))
    return float((p * np.log(p / q)).sum(axis=1).mean())
