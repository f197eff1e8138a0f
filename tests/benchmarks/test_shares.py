"""Counting faces: shares, differences, samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.shares import (
    accuracies,
    calm_read_as_angry,
    difference,
    mean,
    percent,
    points,
    sample,
    share,
    truths,
)
from edge.labels import EMOTIONS
from train.data import FaceSet

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


def test_no_faces_have_no_share() -> None:
    nothing = np.zeros(0, bool)
    assert share(nothing)["value"] is None
    assert percent(share(nothing)) == "-"
    assert points(difference(nothing, nothing)) == "-"
    assert points(mean(np.zeros(1))) == "-"


def test_a_difference_is_of_the_same_faces() -> None:
    first, second = np.array([True, True, False, True]), np.array([True, False, False, False])
    found = difference(first, second)
    assert found["value"] == 0.5
    assert found["interval_95"][0] < 0.5 < found["interval_95"][1]
    assert difference(second, first)["value"] == -0.5


def test_words() -> None:
    told = {"n": 4, "value": 0.125, "interval_95": [0.1, 0.2]}
    assert percent(told) == "12.5% (10.0-20.0)"
    assert points({**told, "interval_95": [-0.1, 0.2]}) == "+12.50 (-10.00 to +20.00)"


@settings(deadline=None)  # a loaded machine is no mistake
@given(st.lists(st.integers(0, 6), min_size=1, max_size=80), st.integers(1, 90))
def test_a_sample_has_of_each_class_its_share_in_the_old_order(
    labels: list[int], count: int
) -> None:
    those = faces(labels, [-1] * len(labels))
    those.images[:, 0, 0] = np.arange(len(labels))
    drawn = sample(those, count)
    places = drawn.images[:, 0, 0].astype(int)
    assert len(drawn) == min(count, len(labels))
    assert np.all(np.diff(places) > 0)
    wanted = np.bincount(labels, minlength=7) * len(drawn) / len(labels)
    assert np.all(np.abs(np.bincount(drawn.labels, minlength=7) - wanted) <= 1)
