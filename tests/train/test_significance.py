"""Intervals and tests against closed forms, exhaustive counts and a bootstrap written plainly."""

from __future__ import annotations

import itertools
import json
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from train.metrics import score, softmax
from train.significance import MOST_EXACT, intervals, mcnemar

CLASSES = ("angry", "calm", "glad")


def told_and_true(n: int, seed: int = 0, k: int = 3, skill: float = 1.5):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    return softmax(rng.normal(size=(n, k)) + skill * np.eye(k)[truth]), truth


def plain_bootstrap(figure, probabilities, truth, resamples: int = 400) -> list[float]:
    rng = np.random.default_rng(7)
    found = []
    for _ in range(resamples):
        drawn = rng.integers(0, len(truth), len(truth))
        found.append(figure(probabilities[drawn], truth[drawn]))
    return list(np.quantile(found, [0.025, 0.975]))


FIGURES = {
    "accuracy": lambda p, t: metrics.accuracy_score(t, p.argmax(1)),
    "balanced_accuracy": lambda p, t: metrics.balanced_accuracy_score(t, p.argmax(1)),
    "macro_f1": lambda p, t: metrics.f1_score(t, p.argmax(1), average="macro"),
    "anger_recall": lambda p, t: metrics.recall_score(t == 0, p.argmax(1) == 0),
    "anger_precision": lambda p, t: metrics.precision_score(t == 0, p.argmax(1) == 0),
    "anger_average_precision": lambda p, t: metrics.average_precision_score(t == 0, p[:, 0]),
}


@pytest.mark.parametrize("name", FIGURES)
def test_intervals_are_those_of_drawing_faces_one_by_one(name):
    probabilities, truth = told_and_true(300)
    told = intervals(probabilities, truth, CLASSES)[name]
    expected = plain_bootstrap(FIGURES[name], probabilities, truth)
    width = expected[1] - expected[0]
    assert told == pytest.approx(expected, abs=0.15 * width)


def test_intervals_of_each_class_match_too():
    probabilities, truth = told_and_true(300)
    told = intervals(probabilities, truth, CLASSES)["per_class"]["glad"]["f1"]
    expected = plain_bootstrap(
        lambda p, t: metrics.f1_score(t == 2, p.argmax(1) == 2), probabilities, truth
    )
    assert told == pytest.approx(expected, abs=0.15 * (expected[1] - expected[0]))


def test_the_same_seed_gives_the_same_interval_and_another_another():
    case = told_and_true(100)
    assert intervals(*case, CLASSES, seed=3) == intervals(*case, CLASSES, seed=3)
    assert intervals(*case, CLASSES, seed=3) != intervals(*case, CLASSES, seed=4)


def test_more_faces_narrow_the_interval():
    widths = []
    for n in (100, 1600):
        low, high = intervals(*told_and_true(n), CLASSES)["macro_f1"]
        widths.append(high - low)
    assert widths[1] == pytest.approx(widths[0] / 4, rel=0.25)


def test_equal_scores_are_one_threshold_in_each_resample():
    truth = np.array([0, 1] * 50)
    flat = np.full((100, 3), 1 / 3)
    low, high = intervals(flat, truth, CLASSES)["anger_average_precision"]
    # all scores tie, so average precision is the share of angry faces, a binomial one
    assert [low, high] == pytest.approx(stats.binom.ppf([0.025, 0.975], 100, 0.5) / 100, abs=0.011)


def test_a_task_without_anger_has_no_anger():
    probabilities, truth = told_and_true(50)
    told = intervals(probabilities, truth, ("negative", "neutral", "positive"))
    assert not [key for key in told if key.startswith("anger")]
    assert set(told["per_class"]) == {"negative", "neutral", "positive"}


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_faces_have_no_interval(n):
    probabilities, truth = told_and_true(n)
    told = intervals(probabilities, truth, CLASSES)
    assert told["accuracy"] is told["macro_f1"] is told["anger_average_precision"] is None
    json.dumps(told, allow_nan=False)


def test_a_class_that_is_absent_has_none_and_harms_no_average():
    probabilities, truth = told_and_true(200)
    two = truth < 2
    told = intervals(probabilities[two], truth[two], CLASSES)
    assert told["per_class"]["glad"] == {"recall": None, "precision": None, "f1": None}
    low, high = told["balanced_accuracy"]
    assert low < score(probabilities[two], truth[two], CLASSES)["balanced_accuracy"] < high


@settings(max_examples=40)
@given(st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_figures_lie_in_bounds(n, seed):
    told = intervals(*told_and_true(n, seed), CLASSES, resamples=50)
    json.dumps(told, allow_nan=False)
    for name in ("accuracy", "balanced_accuracy", "macro_f1"):
        low, high = told[name]
        assert 0 <= low <= high <= 1


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 20))
def test_mcnemar_is_the_exact_binomial_test(b, c, both):
    first = np.array([True] * b + [False] * c + [True] * both, bool)
    second = np.array([False] * b + [True] * c + [True] * both, bool)
    told = mcnemar(first, second)
    assert (told.only_first, told.only_second) == (b, c)
    expected = stats.binomtest(b, b + c).pvalue if b + c else 1.0
    assert told.p == pytest.approx(expected)
    assert mcnemar(second, first).p == told.p


def test_mcnemar_of_few_faces_counted_out():
    """All 2^5 ways in which five discordant faces could have fallen, none likelier than another."""
    first, second = np.array([1, 0, 0, 0, 0], bool), np.array([0, 1, 1, 1, 1], bool)
    uneven = [sum(way) for way in itertools.product((0, 1), repeat=5) if sum(way) in {0, 1, 4, 5}]
    assert mcnemar(first, second).p == len(uneven) / 2**5 == 2 * (comb(5, 0) + comb(5, 1)) / 32


def test_mcnemar_of_many_is_close_to_the_exact_test():
    b, c = 560, 480
    assert b + c > MOST_EXACT
    first = np.array([True] * b + [False] * c)
    told = mcnemar(first, ~first)
    assert told.p == pytest.approx(stats.binomtest(b, b + c).pvalue, rel=0.01)
    statistic = (abs(b - c) - 1) ** 2 / (b + c)
    assert told.p == pytest.approx(stats.chi2.sf(statistic, 1))


def test_mcnemar_of_many_that_are_even_never_exceeds_one():
    first = np.array([True, False] * MOST_EXACT)
    assert mcnemar(first, ~first).p == 1.0
