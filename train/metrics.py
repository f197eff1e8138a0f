"""What is said about a model: accuracy with its interval, anger apart, calibration. numpy only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.labels import EMOTIONS
from train.data import FaceSet

Probabilities = NDArray[np.floating[Any]]
ANGRY = EMOTIONS.index("angry")
Z95 = 1.959964


def softmax(logits: Probabilities, temperature: float = 1.0) -> Probabilities:
    """Turn (n, 7) logits into (n, 7) probabilities, softened by `temperature`."""
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
    order = np.argsort(-scores, kind="stable")
    hits = positive[order]
    # equal scores are one threshold: only the last of a tie is an operating point
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(hits) - 1)
    true = np.cumsum(hits)[last]
    precision, recall = true / (last + 1), true / positive.sum()
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


def calibration_error(
    probabilities: Probabilities, truth: NDArray[np.int64], bins: int = 15
) -> float:
    """Expected calibration error over equal-width bins of the top probability (Guo et al. 2017)."""
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == truth
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(correct[bin_of == b].mean() - confidence[bin_of == b].mean()) * (bin_of == b).mean()
        for b in np.unique(bin_of)
    ]
    return float(np.sum(gaps))


def score(probabilities: Probabilities, truth: NDArray[np.int64]) -> dict[str, Any]:
    """Everything reported about one model on one split under one label set.

    Macro F1 averages the classes that occur. What cannot be computed for want of faces is None.

    Args:
        probabilities: (n, 7).
        truth: (n,) indices into `EMOTIONS`.
    """
    told = probabilities.argmax(axis=1)
    confusion = np.zeros((len(EMOTIONS), len(EMOTIONS)), dtype=int)
    np.add.at(confusion, (truth, told), 1)
    hits, actual, claimed = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    recall = hits / np.maximum(actual, 1)
    precision = hits / np.maximum(claimed, 1)
    f1 = 2 * hits / np.maximum(actual + claimed, 1)
    anger = truth == ANGRY
    return {
        "n": len(truth),
        "accuracy": float(hits.sum() / max(len(truth), 1)),
        "accuracy_95": list(wilson_interval(int(hits.sum()), len(truth))),
        "macro_f1": float(f1[actual > 0].mean()) if len(truth) else None,
        "calibration_error": calibration_error(probabilities, truth),
        "anger_recall": float(recall[ANGRY]),
        "anger_precision": float(precision[ANGRY]),
        "anger_average_precision": average_precision(probabilities[:, ANGRY], anger),
        "anger_at_recall_0.8": at_recall(probabilities[:, ANGRY], anger, 0.8),
        "per_class": {
            name: {"recall": float(r), "precision": float(p), "f1": float(f), "n": int(count)}
            for name, r, p, f, count in zip(EMOTIONS, recall, precision, f1, actual, strict=True)
        },
        "confusion": confusion.tolist(),
    }


def score_both(probabilities: Probabilities, faces: FaceSet) -> dict[str, Any]:
    """`score` under FER-2013's labels and, where there are votes, the strict FER+ majority."""
    result = {"original": score(probabilities, faces.labels)}
    agreed = faces.majority >= 0
    if agreed.any():
        result["ferplus"] = score(probabilities[agreed], faces.majority[agreed])
    return result


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
