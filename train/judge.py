"""What each epoch is worth: the averaged weights on faces that are not distorted."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from train.data import FaceSet, soft_targets
from train.evaluate import predict
from train.metrics import score_both, softmax

KEPT = ("accuracy", "balanced_accuracy", "macro_f1", "anger_recall", "anger_precision")


@dataclass(frozen=True)
class Judgement:
    """One epoch's figures.

    Attributes:
        values: By the names of `log.csv`'s columns, `val_original_accuracy` for one.
        recall: Of each class on PublicTest, under FER-2013's labels, 0 to 1.
        precision: The same.
    """

    values: dict[str, float]
    recall: dict[str, float]
    precision: dict[str, float]

    @property
    def mean_accuracy(self) -> float:
        """What the best epoch is chosen by: with votes, both label sets count the same."""
        names = ("val_original_accuracy", "val_ferplus_accuracy")
        return float(np.mean([self.values[name] for name in names if name in self.values]))


class Judge:
    """Scores a network on PublicTest and on as many faces of Training.

    Args:
        share: Weight of the FER+ votes in the targets that the loss is measured against.
        seed: Chooses the faces of Training.
    """

    def __init__(self, training: FaceSet, public: FaceSet, share: float, seed: int) -> None:
        count = min(len(training), len(public))
        chosen = np.sort(np.random.default_rng(seed).permutation(len(training))[:count])
        self._sides = {"train": training[chosen], "val": public}
        self._share = share

    def judge(self, network: keras.Model) -> Judgement:
        """Score `network` as it stands."""
        values: dict[str, float] = {}
        for side, faces in self._sides.items():
            probabilities = softmax(predict(network, faces.images))
            values[f"{side}_loss"] = _cross_entropy(probabilities, soft_targets(faces, self._share))
            both = score_both(probabilities, faces)
            for labels, scores in both.items():
                for name in KEPT:
                    if name in scores:
                        values[f"{side}_{labels}_{name}"] = float(scores[name])
        per_class = both["original"]["per_class"]
        return Judgement(
            values,
            {name: scores["recall"] for name, scores in per_class.items()},
            {name: scores["precision"] for name, scores in per_class.items()},
        )


def as_line(judgement: Judgement) -> str:
    """Accuracy under both label sets, then recall and precision of each class, in percent."""
    accuracies = ", ".join(
        f"{labels} {judgement.values[f'val_{labels}_accuracy']:.1%}"
        for labels in ("original", "ferplus")
        if f"val_{labels}_accuracy" in judgement.values
    )
    classes = ", ".join(
        f"{name} {100 * recall:.0f}/{100 * judgement.precision[name]:.0f}"
        for name, recall in judgement.recall.items()
    )
    return f"{accuracies}; recall/precision: {classes}"


def _cross_entropy(probabilities: NDArray[np.floating], targets: NDArray[np.float32]) -> float:
    return float(-(targets * np.log(probabilities + 1e-12)).sum(axis=1).mean())
