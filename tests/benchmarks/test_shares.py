"""Differences, samples and words."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.shares import difference, mean, percent, points, sample
from edge.labels import EMOTIONS
from train.data import FaceSet
from train.shares import share


def faces(labels: list[int], majority: list[int]) -> FaceSet:
    votes = np.zeros((len(labels), len(EMOTIONS)), np.float32)
    for row, label in enumerate(majority):
        if label >= 0:
            votes[row, label] = 9
    return FaceSet(np.zeros((len(labels), 48, 48), np.uint8), np.array(labels), votes)


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
