"""The numbers of a report, before anything is drawn: what `report.json` holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.data import FaceSet, soft_targets
from train.evaluate import predict, task_faces
from train.metrics import (
    ANGER,
    Probabilities,
    at_recall,
    calibration_error,
    fit_temperature,
    label_sets,
    reliability,
    score_both,
    softmax,
)
from train.report.subject import Subject
from train.significance import intervals
from train.task import task_of

RECALLS = (0.5, 0.8, 0.9)  # the operating points that are marked

Say = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """One network on one split.

    Attributes:
        faces: The split, with the labels of the network's task.
        rows: (n,) where each of them stands in the split as it was read: a task may leave some out.
        logits, probabilities: (n, k); the second softened by `temperature`.
        temperature: The card's, or chosen on PublicTest; `temperature_from` says which.
        scores: What `train.metrics.score_both` tells.
        intervals: By label set, what `train.significance.intervals` tells.
    """

    split: str
    faces: FaceSet
    rows: NDArray[np.int64]
    logits: NDArray[np.float32]
    probabilities: Probabilities
    temperature: float
    temperature_from: str
    scores: dict[str, Any]
    intervals: dict[str, Any]

    @property
    def told(self) -> NDArray[np.int64]:
        """(n,) the class that each face is called."""
        return np.asarray(self.probabilities.argmax(axis=1))


def measure(subject: Subject, splits: dict[str, FaceSet], split: str, say: Say) -> Measured:
    """Run the network over `split` and score it.

    At the temperature that the device uses, where there is a card; else at one fitted on
    PublicTest, over which it is run, too.
    """
    own = task_faces(subject.network, splits)
    logits = {}
    temperature = subject.temperature
    for name in dict.fromkeys((split,) if temperature is not None else ("PublicTest", split)):
        say(f"{subject.name}: {len(own[name])} faces of {name} ...")
        logits[name] = predict(subject.network, own[name].images)
    source = "its card's"
    if temperature is None:
        temperature = fit_temperature(logits["PublicTest"], soft_targets(own["PublicTest"]))
        source = "chosen on PublicTest"
    faces, probabilities = own[split], softmax(logits[split], temperature)
    return Measured(
        split=split,
        faces=faces,
        rows=_rows(splits[split], faces),
        logits=logits[split],
        probabilities=probabilities,
        temperature=temperature,
        temperature_from=source,
        scores=score_both(probabilities, faces),
        intervals={
            labels: intervals(probabilities[chosen], truth, faces.classes)
            for labels, (chosen, truth) in label_sets(faces).items()
        },
    )


def _rows(everything: FaceSet, own: FaceSet) -> NDArray[np.int64]:
    """Where the faces that a task kept stand among those that were read."""
    if len(everything) == len(own):
        return np.arange(len(own))
    members = {e for those in task_of(len(own.classes)).members for e in those}
    inside = [i for i, name in enumerate(everything.classes) if name in members]
    return np.flatnonzero(np.isin(everything.labels, inside))


def calibration(measured: Measured) -> dict[str, Any]:
    """By label set: the bins of the reliability diagram and the error, also at temperature 1."""
    raw = softmax(measured.logits)
    return {
        labels: {
            "bins": reliability(measured.probabilities[chosen], truth),
            "error": calibration_error(measured.probabilities[chosen], truth),
            "error_at_temperature_1": calibration_error(raw[chosen], truth),
        }
        for labels, (chosen, truth) in label_sets(measured.faces).items()
    }


def operating_points(measured: Measured) -> dict[str, Any]:
    """By label set: threshold, precision and false-positive rate of anger at each of `RECALLS`.

    Empty where the task has no anger.
    """
    if ANGER not in measured.faces.classes:
        return {}
    angry = measured.faces.classes.index(ANGER)
    return {
        labels: {
            f"recall {recall}": at_recall(
                measured.probabilities[chosen, angry], truth == angry, recall
            )
            for recall in RECALLS
        }
        for labels, (chosen, truth) in label_sets(measured.faces).items()
    }


def confusions(scores: dict[str, Any], most: int = 6) -> list[dict[str, Any]]:
    """The most frequent mistakes of one label set: `{"truth", "told", "n", "share"}`.

    `share` is of the faces of that true class.
    """
    names = list(scores["per_class"])
    counts = np.array(scores["confusion"])
    wrong = counts * (1 - np.eye(len(counts), dtype=int))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [divmod(int(cell), len(counts)) for cell in order]
    return [
        {
            "truth": names[truth],
            "told": names[told],
            "n": int(wrong[truth, told]),
            "share": float(wrong[truth, told] / counts[truth].sum()),
        }
        for truth, told in pairs
        if wrong[truth, told]
    ]


def without(measured: Measured, left_out: NDArray[np.int64]) -> dict[str, Any]:
    """The scores and intervals when the faces in these rows of the split are left out."""
    kept = np.flatnonzero(~np.isin(measured.rows, left_out))
    faces, probabilities = measured.faces[kept], measured.probabilities[kept]
    return {
        "n_left_out": len(measured.faces) - len(kept),
        "scores": score_both(probabilities, faces),
        "intervals": {
            labels: intervals(probabilities[chosen], truth, faces.classes)
            for labels, (chosen, truth) in label_sets(faces).items()
        },
    }
