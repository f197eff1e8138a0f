"""What is said about a model: accuracy by class, anger apart, calibration. numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.labels import EMOTIONS
from train.data import FaceSet

Probabilities = NDArray[np.floating[Any]]
ANGER = "angry"  # the class that this project is about
ANGRY = EMOTIONS.index(ANGER)
Z95 = 1.959964


def softmax(logits: Probabilities, temperature: float = 1.0) -> Probabilities:
    """Turn (n, k) logits into (n, k) probabilities, softened by `temperature`."""
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def wilson_interval(correct: int, total: int) -> tuple[float, float]:
    """95% interval of a share (Wilson 1927)."""
    if total == 0:
        return 0.0, 1.0
    share, z2 = correct / total, Z95**2
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z95 * np.sqrt(share * (1 - share) / total + z2 / (4 * total**2)) / (1 + z2 / total)
    # the ends are exact where rounding would miss them by a bit
    low = 0.0 if correct == 0 else float(middle - half)
    return low, 1.0 if correct == total else float(middle + half)


def paired_difference(
    first: NDArray[np.bool_], second: NDArray[np.bool_]
) -> tuple[float, tuple[float, float]]:
    """Accuracy of `first` minus `second` on the same faces, with its 95% interval (normal).

    No faces say nothing: 0, with everything in the interval.
    """
    if len(first) == 0:
        return 0.0, (-1.0, 1.0)
    gain = first.astype(float) - second.astype(float)
    half = Z95 * gain.std() / np.sqrt(len(gain))
    return float(gain.mean()), (float(gain.mean() - half), float(gain.mean() + half))


def average_precision(scores: Probabilities, positive: NDArray[np.bool_]) -> float | None:
    """Area under precision and recall, summed step by step (as scikit-learn does).

    None where nothing is positive, which JSON has a word for, unlike nan.
    """
    if not positive.any():
        return None
    precision, recall, _ = precision_recall(scores, positive)
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def at_recall(
    scores: Probabilities, positive: NDArray[np.bool_], recall: float
) -> dict[str, float | None]:
    """The operating point that reaches `recall` (above 0): threshold, precision, false positives.

    All three are None where only one class is present.
    """
    if not positive.any() or positive.all():
        return {"threshold": None, "precision": None, "fpr": None}
    ranked = np.sort(scores[positive])[::-1]
    threshold = ranked[int(np.ceil(recall * len(ranked))) - 1]
    told = scores >= threshold
    return {
        "threshold": float(threshold),
        "precision": float((told & positive).sum() / told.sum()),
        "fpr": float((told & ~positive).sum() / (~positive).sum()),
    }


def roc_auc(scores: Probabilities, positive: NDArray[np.bool_]) -> float | None:
    """Area under the ROC curve: how often a positive face scores above a negative one.

    Equal scores count half (Hanley and McNeil 1982). None where only one class is present.
    """
    count = int(positive.sum())
    if count in {0, len(positive)}:
        return None
    _, level, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    rank = (np.cumsum(sizes) - (sizes - 1) / 2)[level]  # the mean rank, from 1, of a tie
    above = rank[positive].sum() - count * (count + 1) / 2
    return float(above / (count * (len(positive) - count)))


def precision_recall(
    scores: Probabilities, positive: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The operating points from the highest threshold to the lowest.

    Equal scores are one threshold, so only the last of a tie is a point.

    Args:
        scores: (n,), n above 0.
        positive: (n,), at least one True.

    Returns:
        Precision, recall and threshold, each (points,) float64.
    """
    order = np.argsort(-scores, kind="stable")
    last = last_of_ties(scores[order])
    true = np.cumsum(positive[order])[last]
    return true / (last + 1), true / positive.sum(), np.asarray(scores[order][last], np.float64)


def last_of_ties(ranked: Probabilities) -> NDArray[np.int64]:
    """Where in sorted (n,) values a run of equal ones ends; n above 0."""
    return np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)


def reliability(
    probabilities: Probabilities, truth: NDArray[np.int64], bins: int = 15
) -> dict[str, list[float]]:
    """Confidence against accuracy in equal-width bins of the top probability (Guo et al. 2017).

    Returns:
        For each bin that holds faces its `low` and `high` edge, `confidence` (mean), `accuracy`
        and `n`.
    """
    return _reliability(probabilities, probabilities.argmax(axis=1) == truth, bins)


def _reliability(
    probabilities: Probabilities, right: NDArray[Any], bins: int
) -> dict[str, list[float]]:
    """`reliability`, where each top label is `right` to a share of 0 to 1."""
    confidence = probabilities.max(axis=1)
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    used = np.unique(bin_of)
    return {
        "low": [float(b / bins) for b in used],
        "high": [float((b + 1) / bins) for b in used],
        "confidence": [float(confidence[bin_of == b].mean()) for b in used],
        "accuracy": [float(right[bin_of == b].mean()) for b in used],
        "n": [int((bin_of == b).sum()) for b in used],
    }


def calibration_error(
    probabilities: Probabilities, truth: NDArray[np.int64], bins: int = 15
) -> float:
    """Expected calibration error: the mean gap of `reliability`, each bin weighted by its faces."""
    return _gap(reliability(probabilities, truth, bins))


def votes_calibration_error(
    probabilities: Probabilities, votes: NDArray[np.floating[Any]], bins: int = 15
) -> float:
    """Expected calibration error where annotators disagree: 0.7 should mean seven of ten.

    A face counts as right to the share of its votes that its top label has. A strict majority
    cannot show this: it leaves out the faces on which people are in doubt, and calls seven votes
    of ten a certainty.

    Args:
        votes: (n, k) counts; each row holds some.
    """
    share = votes / votes.sum(axis=1, keepdims=True)
    right = share[np.arange(len(share)), probabilities.argmax(axis=1)]
    return _gap(_reliability(probabilities, right, bins))


def _gap(told: Mapping[str, Sequence[float]]) -> float:
    gaps = np.abs(np.subtract(told["accuracy"], told["confidence"]))
    return float(np.sum(gaps * told["n"]) / max(sum(told["n"]), 1))


def binary_accuracy(probabilities: Probabilities, truth: NDArray[np.int64]) -> float | None:
    """Share of right answers when each of the k outputs is asked "above 0.5?" on its own.

    Not what people mean by accuracy: a model that never says yes is right in k - 1 of k answers,
    85.7% for seven classes. Named apart so that nobody takes one for the other.
    """
    if len(truth) == 0:
        return None
    yes = np.arange(probabilities.shape[1]) == truth[:, None]
    return float(((probabilities > 0.5) == yes).mean())


def score(
    probabilities: Probabilities, truth: NDArray[np.int64], classes: Sequence[str] = EMOTIONS
) -> dict[str, Any]:
    """Everything reported about one model on one split under one label set, intervals apart.

    Macro F1 and balanced accuracy (the mean of the recalls) average the classes that occur. What
    cannot be computed for want of faces is None. Keys that begin with `anger_` are there where
    there is a class `angry`. `train.significance.intervals` has the intervals, which cost more.

    Args:
        probabilities: (n, len(classes)).
        truth: (n,) indices into `classes`.
    """
    confusion = confusion_matrix(probabilities, truth)
    hits, actual, claimed = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    recall = hits / np.maximum(actual, 1)
    precision = hits / np.maximum(claimed, 1)
    f1 = 2 * hits / np.maximum(actual + claimed, 1)
    per_class = {
        name: {
            "recall": float(recall[index]),
            "precision": float(precision[index]),
            "f1": float(f1[index]),
            "n": int(actual[index]),
            "roc_auc": roc_auc(probabilities[:, index], truth == index),
            "average_precision": average_precision(probabilities[:, index], truth == index),
        }
        for index, name in enumerate(classes)
    }
    told = {
        "n": len(truth),
        "accuracy": float(hits.sum() / max(len(truth), 1)),
        "accuracy_95": list(wilson_interval(int(hits.sum()), len(truth))),
        "balanced_accuracy": float(recall[actual > 0].mean()) if len(truth) else None,
        "macro_f1": float(f1[actual > 0].mean()) if len(truth) else None,
        "calibration_error": calibration_error(probabilities, truth),
        "binary_accuracy": binary_accuracy(probabilities, truth),
        "binary_accuracy_never_yes": 1 - 1 / len(classes),
        "per_class": per_class,
        "confusion": confusion.tolist(),
    }
    if ANGER in classes:
        angry, about = list(classes).index(ANGER), per_class[ANGER]
        told |= {f"anger_{key}": about[key] for key in ("recall", "precision", "average_precision")}
        told["anger_at_recall_0.8"] = at_recall(probabilities[:, angry], truth == angry, 0.8)
    return told


def confusion_matrix(probabilities: Probabilities, truth: NDArray[np.int64]) -> NDArray[np.int64]:
    """(k, k) counts: a row for each true class, a column for each that was told."""
    k = probabilities.shape[1]
    told = probabilities.argmax(axis=1)
    return np.bincount(truth * k + told, minlength=k * k).reshape(k, k)


def score_both(probabilities: Probabilities, faces: FaceSet) -> dict[str, Any]:
    """`score` under the set's own labels and, where there are votes, the strict FER+ majority.

    The latter also has `votes_calibration_error`, over all faces that have votes.
    """
    result = {}
    for labels, (chosen, truth) in label_sets(faces).items():
        result[labels] = score(probabilities[chosen], truth, faces.classes)
    voted = faces.votes.sum(axis=1) > 0
    if "ferplus" in result:
        told = votes_calibration_error(probabilities[voted], faces.votes[voted])
        result["ferplus"]["votes_calibration_error"] = told
    return result


def label_sets(faces: FaceSet) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """By label set (`original`, and `ferplus` where there are votes) which faces, and their truth.

    Returns:
        (m,) indices of the faces that have a label in the set, and their (m,) labels.
    """
    found = {"original": (np.arange(len(faces)), faces.labels)}
    majority = faces.majority
    agreed = np.flatnonzero(majority >= 0)
    if len(agreed):
        found["ferplus"] = (agreed, majority[agreed])
    return found


def fit_temperature(logits: Probabilities, targets: NDArray[np.floating[Any]]) -> float:
    """The temperature that minimises cross-entropy against soft targets (Guo et al. 2017).

    Golden-section search over the logarithm of the temperature, in which the loss has one valley.
    """

    def loss(log_temperature: float) -> float:
        probabilities = softmax(logits, float(np.exp(log_temperature)))
        return float(-(targets * np.log(probabilities + 1e-12)).sum(axis=1).mean())

    low, high = np.log(0.2), np.log(10.0)
    ratio = (np.sqrt(5) - 1) / 2
    while high - low > 1e-4:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))
