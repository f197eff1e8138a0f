"""Distance of a file from the float model: figures that can be worked out by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from convert.proof import FloatModel, Proof, distance
from edge.labels import EMOTIONS
from train.data import FaceSet

LABELS = np.array([0, 1, 2, 3])
SURE = 4.0


def answers(told: list[int]) -> np.ndarray:
    return (SURE * np.eye(7)[told]).astype(np.float32)


@pytest.fixture
def reference() -> FloatModel:
    votes = np.zeros((4, 7), np.float32)
    votes[:3] = 10 * np.eye(7)[LABELS[:3]]
    faces = FaceSet(np.zeros((4, 48, 48), np.uint8), LABELS, votes, EMOTIONS)
    return FloatModel(faces, answers([0, 1, 2, 3]), answers([0, 1, 2, 3]), 1.0)


def test_the_same_logits_are_no_distance_away(reference):
    found = distance(reference, reference.logits.copy())
    assert (found.largest, found.mean, found.kl_mean, found.kl_largest) == (0, 0, 0, 0)
    assert (found.faces, found.agreement) == (4, 1)
    assert {labels: one.lost for labels, one in found.drop.items()} == {
        "original": 0,
        "ferplus": 0,
    }


def test_one_other_answer_of_four(reference):
    found = distance(reference, answers([0, 1, 2, 6]))
    assert found.agreement == 0.75
    assert (found.largest, found.mean) == (SURE, pytest.approx(2 * SURE / 28))
    share = math.exp(SURE) / (math.exp(SURE) + 6)
    apart = (share - (1 - share) / 6) * SURE  # the two labels that changed places
    assert found.kl_largest == pytest.approx(apart, rel=1e-6)
    assert found.kl_mean == pytest.approx(apart / 4, rel=1e-6)
    assert found.drop["original"].lost == 0.25
    assert found.drop["ferplus"].lost == 0, "the fourth face has no votes"


def test_a_constant_added_to_all_logits_is_no_divergence(reference):
    found = distance(reference, reference.logits + 3)
    assert found.largest == pytest.approx(3)
    assert found.kl_largest == pytest.approx(0, abs=1e-9)


def test_a_higher_temperature_brings_answers_together(reference):
    softer = FloatModel(reference.faces, reference.logits, reference.given, 2.0)
    other = answers([1, 1, 2, 3])
    assert distance(softer, other).kl_mean < distance(reference, other).kl_mean


def test_loss_is_counted_from_the_model_that_was_given(reference):
    """A fine-tuned model may be worse than what it was made of, however well it is converted."""
    tuned = FloatModel(reference.faces, answers([6, 1, 2, 3]), reference.given, 1.0)
    found = distance(tuned, tuned.logits)
    assert (found.agreement, found.drop["original"].lost) == (1, 0.25)


def test_a_gain_is_a_loss_below_zero(reference):
    poor = FloatModel(reference.faces, reference.logits, answers([6, 6, 2, 3]), 1.0)
    drop = distance(poor, reference.logits).drop["original"]
    assert drop.lost == -0.5
    low, high = drop.interval
    assert low == pytest.approx(-0.5 - 1.96 * 0.5 / 2, rel=1e-3)
    assert high == pytest.approx(-0.5 + 1.96 * 0.5 / 2, rel=1e-3)


def test_what_is_no_number_stays_none(reference):
    broken = reference.logits.copy()
    broken[0, 0] = np.nan
    found = distance(reference, broken)
    assert math.isnan(found.largest)
    assert math.isnan(found.kl_mean)


def test_the_card_takes_a_proof(reference):
    told = Proof(distance(reference, answers([0, 1, 2, 6])), {"CONV_2D": 3}, ("ADD sum",)).told()
    assert told["operators"] == {"CONV_2D": 3}
    assert told["in_float"] == ["ADD sum"]
    assert told["accuracy_lost"]["original"]["lost"] == 0.25
    assert json.loads(json.dumps(told, allow_nan=False)) == told
