"""How the learning rate moves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.recipe import Recipe
from train.schedule import LOWEST, WARM_SHARE, learning_rate, rate_after_cuts, rate_of_budget


def test_the_cosine_climbs_then_falls():
    schedule = learning_rate(Recipe(learning_rate=0.1, warmup_epochs=1), epochs=5, steps=10)
    rates = np.array([float(schedule(step)) for step in range(51)])
    assert rates.argmax() == 10
    assert rates.max() == pytest.approx(0.1)
    assert (np.diff(rates[:11]) > 0).all()
    assert (np.diff(rates[10:]) <= 0).all()
    assert rates[-1] == pytest.approx(0.1 * LOWEST, rel=1e-3)


def test_a_cycle_shorter_than_its_warm_up_still_ends_low():
    schedule = learning_rate(Recipe(learning_rate=0.1, warmup_epochs=9), epochs=1, steps=8)
    assert float(schedule(8)) == pytest.approx(0.1 * LOWEST, rel=1e-3)


@pytest.mark.parametrize(
    "recipe",
    [Recipe(schedule="constant"), Recipe(schedule="plateau"), Recipe(minutes=5)],
    ids=["constant", "plateau", "minutes"],
)
def test_others_are_a_number_that_can_be_set_anew(recipe):
    assert learning_rate(recipe, 5, 10) == recipe.learning_rate


@given(st.floats(0, 1.5), st.floats(0, 1.5))
def test_a_budgets_rate_climbs_then_falls(one, other):
    low, high = sorted((one, other))
    first, second = rate_of_budget(1.0, low), rate_of_budget(1.0, high)
    assert LOWEST - 1e-9 <= second <= 1
    if high <= WARM_SHARE:
        assert first <= second
    if low >= WARM_SHARE:
        assert first >= second


def test_a_cut_is_a_cut():
    assert rate_after_cuts(1.0, 0) == 1.0
    assert rate_after_cuts(1.0, 2) == pytest.approx(0.09)
