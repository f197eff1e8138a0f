"""The loss that a student learns by."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from train.distill import DistillationLoss
from train.metrics import softmax

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 2, (5, 7)).astype(np.float32)
LABELS = softmax(RNG.normal(0, 2, (5, 7))).astype(np.float32)
TEACHERS = softmax(RNG.normal(0, 2, (5, 7))).astype(np.float32)


def loss(logits, temperature, alpha):
    both = np.concatenate([LABELS, TEACHERS], axis=1)
    return float(keras.ops.convert_to_numpy(DistillationLoss(temperature, alpha)(both, logits)))


def cross_entropy(targets, logits):
    return float(-(targets * np.log(softmax(logits))).sum(axis=1).mean())


def test_without_weight_the_teachers_do_not_count():
    assert loss(LOGITS, 3.0, 0.0) == pytest.approx(cross_entropy(LABELS, LOGITS), rel=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 2.0, 5.0])
def test_with_all_the_weight_only_they_count(temperature):
    wanted = cross_entropy(TEACHERS, LOGITS / temperature) * temperature**2
    assert loss(LOGITS, temperature, 1.0) == pytest.approx(wanted, rel=1e-5)


def test_between_it_is_the_weighted_mean():
    wanted = 0.7 * loss(LOGITS, 2.0, 0.0) + 0.3 * loss(LOGITS, 2.0, 1.0)
    assert loss(LOGITS, 2.0, 0.3) == pytest.approx(wanted, rel=1e-5)


def test_nothing_is_better_than_to_say_what_the_teachers_say():
    temperature = 2.0
    agreeing = (temperature * np.log(TEACHERS)).astype(np.float32)
    best = loss(agreeing, temperature, 1.0)
    for _ in range(20):
        other = agreeing + RNG.normal(0, 0.3, agreeing.shape).astype(np.float32)
        assert loss(other, temperature, 1.0) > best
