"""How far a converted file is from the float model: figures, and no judgement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.data import FaceSet
from train.metrics import label_sets, paired_difference

Logits = NDArray[np.float32]
DIGITS = 7  # kept in the card


@dataclass(frozen=True)
class FloatModel:
    """What a file is held against, on the faces of PublicTest.

    Attributes:
        faces: With the labels of the model's task.
        logits: (n, k) of the Keras model that was converted.
        given: (n, k) of the one that was given; another where it was fine-tuned on the way.
        temperature: That divides the logits.
    """

    faces: FaceSet
    logits: Logits
    given: Logits
    temperature: float


@dataclass(frozen=True)
class Drop:
    """Accuracy lost on the way from the model that was given, 0 to 1; below 0 it is gained.

    Attributes:
        interval: 95%, of paired answers to the same faces.
    """

    lost: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Distance:
    """A file beside the float model, on the same faces.

    Attributes:
        faces: How many they are.
        largest, mean: Difference of the logits.
        agreement: Share of the faces of which both tell the same label.
        kl_mean, kl_largest: Kullback-Leibler divergence of the file's calibrated probabilities from
            the float model's, in nats.
        drop: By label set (`original`; `ferplus`, where there are votes).
    """

    faces: int
    largest: float
    mean: float
    agreement: float
    kl_mean: float
    kl_largest: float
    drop: dict[str, Drop]


@dataclass(frozen=True)
class Proof:
    """What was found out about one file before it was let into a card.

    Attributes:
        operators: Counts by kind.
        in_float: Operations that compute in float in a file that is meant to be int8, as
            "kind name"; empty for any other file, where nothing else is expected.
    """

    distance: Distance
    operators: dict[str, int]
    in_float: tuple[str, ...]

    def told(self) -> dict[str, Any]:
        """For the card."""
        found = self.distance
        return {
            "measured_on": f"PublicTest, {found.faces} faces, against the float Keras model",
            "largest_difference": _short(found.largest),
            "mean_difference": _short(found.mean),
            "agreement": _short(found.agreement),
            "kl_mean": _short(found.kl_mean),
            "kl_largest": _short(found.kl_largest),
            "accuracy_lost": {
                labels: {"lost": _short(one.lost), "95%": [_short(end) for end in one.interval]}
                for labels, one in found.drop.items()
            },
            "operators": self.operators,
            "in_float": list(self.in_float),
        }


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def distance(reference: FloatModel, logits: Logits) -> Distance:
    """Measure how far (n, k) logits of a file are from the float model's.

    A logit that is no number makes figures that are none.
    """
    apart = np.abs(reference.logits - logits)
    divergence = _divergence(reference.logits, logits, reference.temperature)
    return Distance(
        faces=len(logits),
        largest=float(apart.max()),
        mean=float(apart.mean()),
        agreement=float((reference.logits.argmax(axis=1) == logits.argmax(axis=1)).mean()),
        kl_mean=float(divergence.mean()),
        kl_largest=float(divergence.max()),
        drop=_drop(reference, logits),
    )


def _divergence(first: Logits, second: Logits, temperature: float) -> NDArray[np.float64]:
    """(n,) KL(first || second); never below 0 but for rounding, which is cut."""
    p, q = (_log_softmax(logits / temperature) for logits in (first, second))
    told = (np.exp(p) * (p - q)).sum(axis=1)
    return np.asarray(np.where(told < 0, 0.0, told))  # nan stays


def _log_softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _drop(reference: FloatModel, logits: Logits) -> dict[str, Drop]:
    before, after = reference.given.argmax(axis=1), logits.argmax(axis=1)
    return {
        labels: Drop(*paired_difference(before[chosen] == truth, after[chosen] == truth))
        for labels, (chosen, truth) in label_sets(reference.faces).items()
    }
