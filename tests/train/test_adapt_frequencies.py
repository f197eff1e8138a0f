"""What was common stays as common."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from train.adapt.frequencies import bias_back
from train.metrics import softmax

LOGITS = hnp.arrays(np.float64, (30, 7), elements=st.floats(-6, 6))


@settings(max_examples=50, deadline=None)
@given(before=LOGITS, after=LOGITS)
def test_each_class_is_told_as_often_as_before(before, after):
    bias = bias_back(before, after)
    told, wanted = (softmax(one).mean(axis=0) for one in (after + bias, before))
    np.testing.assert_allclose(told, wanted, atol=2e-3)
    assert abs(bias.sum()) < 1e-4


@settings(max_examples=50, deadline=None)
@given(before=LOGITS, shift=hnp.arrays(np.float64, 7, elements=st.floats(-2, 2)))
def test_a_shift_is_taken_back(before, shift):
    np.testing.assert_allclose(bias_back(before, before + shift), shift.mean() - shift, atol=0.05)


def test_nothing_changed_changes_nothing():
    logits = np.random.default_rng(0).normal(0, 2, (50, 7))
    np.testing.assert_allclose(bias_back(logits, logits), 0, atol=1e-3)
