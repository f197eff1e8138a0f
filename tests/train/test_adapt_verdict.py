"""What is said of an adapted model follows from what it got right, before and after."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.adapt.verdict import Change, Verdict, change, changes
from train.data import FaceSet

RIGHT = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def answers(right: list[bool]) -> np.ndarray:
    """(n, 2) logits that say class 0 where `right`."""
    return np.array([[1.0, 0.0] if one else [0.0, 1.0] for one in right])


def made(before: int, after: int, n: int) -> Change:
    """A change from `before` to `after` right answers of n, with as few faces as possible moved."""
    truth = np.zeros(n, dtype=np.int64)
    return change(
        truth, answers([i < before for i in range(n)]), answers([i < after for i in range(n)])
    )


@given(RIGHT)
def test_the_figures_are_counts(pairs):
    before, after = ([pair[side] for pair in pairs] for side in (0, 1))
    told = change(np.zeros(len(pairs), dtype=np.int64), answers(before), answers(after))
    assert told.n == len(pairs)
    assert told.before == pytest.approx(np.mean(before))
    assert told.after == pytest.approx(np.mean(after))
    assert told.gain == pytest.approx(told.after - told.before)
    assert told.won - told.lost == sum(after) - sum(before)
    assert told.before_95[0] <= told.before <= told.before_95[1]
    assert told.gain_95[0] <= told.gain <= told.gain_95[1]
    assert 0 <= told.p <= 1


@pytest.mark.parametrize(
    ("own", "anchor", "sentence"),
    [
        (
            (50, 80, 100),
            {},
            "better on yours by +30.0 points; what it costs on the base data could",
        ),
        ((50, 80, 100), {"a": (600, 600, 1000)}, "better on yours by +30.0 points, and no worse"),
        (
            (50, 80, 100),
            {"a": (600, 640, 1000), "b": (600, 630, 1000)},
            "better on yours by +30.0 points, and better on the base data, too, by at least +3.0",
        ),
        ((50, 80, 100), {"a": (600, 596, 1000)}, "on the base data 0.4 points less, within"),
        ((5, 7, 10), {"a": (600, 600, 1000)}, "which 10 held-out faces cannot tell from luck"),
    ],
)
def test_what_speaks_for_it(own, anchor, sentence):
    verdict = Verdict(made(*own), {name: made(*one) for name, one in anchor.items()}, max_loss=0.5)
    assert verdict.objection == ""
    assert sentence in verdict.sentence()


@pytest.mark.parametrize(
    ("own", "anchor", "objection"),
    [
        ((50, 50, 100), {}, "not better on your held-out faces (50.0% before, 50.0% after)"),
        ((50, 40, 100), {"a": (1, 9, 10)}, "not better on your held-out faces (50.0% before, 40"),
        (
            (50, 80, 100),
            {"a": (600, 640, 1000), "b": (600, 593, 1000)},
            "worse on the base data by 0.7 points, more than --max-loss 0.5",
        ),
    ],
)
def test_what_speaks_against_it(own, anchor, objection):
    verdict = Verdict(made(*own), {name: made(*one) for name, one in anchor.items()}, max_loss=0.5)
    assert objection in verdict.objection
    assert verdict.sentence() == verdict.objection


def test_votes_make_a_second_label_set_and_all_of_it_is_json():
    labels = np.array([0, 1, 0, 1])
    votes = np.array([[9, 1], [8, 2], [5, 5], [0, 0]], dtype=np.float32)
    images = np.zeros((4, 48, 48), dtype=np.uint8)
    faces = FaceSet(images, labels, votes, ("happy", "sad"))
    told = changes(faces, answers([True] * 4), answers([True, False, True, True]))
    assert told["original"].n == 4
    assert told["ferplus"].n == 2
    assert told["ferplus"].lost == 1
    verdict = Verdict(told["original"], told, 0.5)
    assert json.loads(json.dumps(verdict.as_json()))["own_held_out"]["n"] == 4
    assert "4 faces" in verdict.own.line("yours")
