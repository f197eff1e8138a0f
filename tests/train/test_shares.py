"""Counting faces: shares under either label set."""

from __future__ import annotations

import numpy as np
import pytest

from edge.labels import EMOTIONS
from train.data import FaceSet
from train.shares import accuracies, calm_read_as_angry, share, truths

ANGRY, HAPPY, NEUTRAL = (EMOTIONS.index(name) for name in ("angry", "happy", "neutral"))


def faces(labels: list[int], majority: list[int]) -> FaceSet:
    votes = np.zeros((len(labels), len(EMOTIONS)), np.float32)
    for row, label in enumerate(majority):
        if label >= 0:
            votes[row, label] = 9
    return FaceSet(np.zeros((len(labels), 48, 48), np.uint8), np.array(labels), votes)


def told(*labels: int) -> np.ndarray:
    return np.eye(len(EMOTIONS), dtype=np.float32)[list(labels)]


def test_each_label_set_has_its_own_truth() -> None:
    found = truths(faces([NEUTRAL, HAPPY, ANGRY], [NEUTRAL, -1, HAPPY]))
    assert found["original"].tolist() == [NEUTRAL, HAPPY, ANGRY]
    assert found["ferplus"].tolist() == [NEUTRAL, -1, HAPPY]


def test_accuracy_and_false_anger_count_the_faces_that_have_a_label() -> None:
    those = faces([NEUTRAL, NEUTRAL, ANGRY, HAPPY], [NEUTRAL, -1, NEUTRAL, HAPPY])
    rows = told(ANGRY, NEUTRAL, ANGRY, HAPPY)
    right = accuracies(rows, those)
    assert (right["original"]["value"], right["original"]["n"]) == (0.75, 4)
    assert (right["ferplus"]["value"], right["ferplus"]["n"]) == (pytest.approx(1 / 3), 3)
    calm = calm_read_as_angry(rows, those)
    assert (calm["original"]["value"], calm["original"]["n"]) == (0.5, 2)
    assert (calm["ferplus"]["value"], calm["ferplus"]["n"]) == (1.0, 2)


def test_labels_without_anger_have_no_false_anger() -> None:
    two = FaceSet(
        np.zeros((2, 48, 48), np.uint8), np.array([0, 1]), np.zeros((2, 2)), ("happy", "sad")
    )
    assert calm_read_as_angry(np.eye(2), two) == {}


def test_a_share_lies_within_its_interval() -> None:
    found = share(np.array([True, False, False, False]))
    assert (found["n"], found["value"]) == (4, 0.25)
    assert 0 < found["interval_95"][0] < 0.25 < found["interval_95"][1] < 1
    assert share(np.zeros(0, bool)) == {"n": 0, "value": None, "interval_95": [0.0, 1.0]}
