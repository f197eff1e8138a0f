"""Metrics against values worked out by hand and against definitions written a second time."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics

from edge.labels import EMOTIONS
from train.data import FaceSet
from train.metrics import (
    at_recall,
    average_precision,
    binary_accuracy,
    calibration_error,
    confusion_matrix,
    fit_temperature,
    label_sets,
    paired_difference,
    precision_recall,
    reliability,
    roc_auc,
    score,
    score_both,
    softmax,
    votes_calibration_error,
    wilson_interval,
)

# few different values, so that ties are common
ranked = st.integers(1, 30).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.float64, n, elements=st.integers(0, 8).map(lambda k: k / 8)),
        hnp.arrays(np.bool_, n),
    )
)


def precision_recall_area(scores, positive) -> float:
    """Sum of (R_k - R_k-1) P_k over the thresholds, from the highest (as scikit-learn defines)."""
    area, before = 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        told = scores >= threshold
        recall = (told & positive).sum() / positive.sum()
        area += (recall - before) * (told & positive).sum() / told.sum()
        before = recall
    return area


@pytest.mark.parametrize(
    ("scores", "positive", "expected"),
    [
        ([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 0], 1.0),
        ([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 1 / 2 + 1 / 3),
        ([0.9, 0.8, 0.7], [0, 0, 1], 1 / 3),
        ([0.5, 0.5, 0.5, 0.5], [1, 0, 0, 0], 1 / 4),
        ([0.9, 0.5, 0.5], [1, 1, 0], 1 / 2 + 1 / 2 * 2 / 3),
        ([0.3], [1], 1.0),
    ],
    ids=["perfect", "sklearn's example", "last", "all tied", "tie at the end", "one face"],
)
def test_average_precision_by_hand(scores, positive, expected):
    told = average_precision(np.array(scores), np.array(positive, bool))
    assert told == pytest.approx(expected)


@given(ranked)
def test_average_precision_is_the_sum_over_thresholds(case):
    scores, positive = case
    assume(positive.any())
    told = average_precision(scores, positive)
    assert told == pytest.approx(precision_recall_area(scores, positive))
    assert positive.mean() / len(scores) <= told <= 1 + 1e-12


def test_average_precision_of_nothing_is_none():
    assert average_precision(np.array([0.5, 0.2]), np.zeros(2, bool)) is None


def test_at_recall_by_hand():
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    positive = np.array([1, 0, 1, 0, 1, 0], bool)
    assert at_recall(scores, positive, 0.6) == {
        "threshold": 0.7,
        "precision": pytest.approx(2 / 3),
        "fpr": pytest.approx(1 / 3),
    }


@given(ranked, st.sampled_from([0.1, 0.5, 0.8, 0.9, 1.0]))
def test_at_recall_is_the_highest_threshold_that_reaches_it(case, recall):
    scores, positive = case
    assume(positive.any() and not positive.all())
    point = at_recall(scores, positive, recall)
    assert (scores[positive] >= point["threshold"]).mean() >= recall - 1e-12
    assert (scores[positive] > point["threshold"]).mean() < recall
    assert point["precision"] == positive[scores >= point["threshold"]].mean()
    assert point["fpr"] == (scores[~positive] >= point["threshold"]).mean()


@pytest.mark.parametrize("positive", [[0, 0], [1, 1]], ids=["none", "all"])
def test_at_recall_needs_both_classes(positive):
    told = at_recall(np.array([0.5, 0.2]), np.array(positive, bool), 0.8)
    assert told == {"threshold": None, "precision": None, "fpr": None}


def test_calibration_error_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [1.0, 0.0]])
    truth = np.array([0, 1, 1, 0])
    # three bins are used: 0.9 twice with half right, 0.6 once, 1.0 once (in the last bin)
    assert calibration_error(probabilities, truth, bins=10) == pytest.approx(
        (3 * abs((0.9 + 0.9 + 1.0) / 3 - 2 / 3) + abs(0.6 - 1)) / 4
    )


def test_votes_calibration_error_by_hand():
    probabilities = np.array([[0.7, 0.3], [0.7, 0.3], [0.2, 0.8]])
    votes = np.array([[8, 2], [3, 3], [0, 4]])
    # the bin of 0.7 is right to (0.8 + 0.5) / 2, the one of 0.8 to 1
    told = votes_calibration_error(probabilities, votes, bins=10)
    assert told == pytest.approx((2 * abs(0.7 - 0.65) + abs(0.8 - 1)) / 3)


@given(st.integers(1, 9))
def test_a_model_that_tells_the_share_of_votes_is_calibrated(count):
    votes = np.array([[count, 10 - count]] * 3)
    assert votes_calibration_error(votes / 10, votes) == pytest.approx(0)
    certain = np.array([[0.0, 1.0]] * 3)
    assert votes_calibration_error(certain, votes) == pytest.approx(count / 10)


def test_reliability_bins_hold_every_face_once():
    probabilities = softmax(np.random.default_rng(0).normal(size=(500, 7)), 0.5)
    truth = np.random.default_rng(1).integers(0, 7, 500)
    told = reliability(probabilities, truth, bins=10)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    assert sum(told["n"]) == 500
    for low, high, mean, accuracy, n in zip(*told.values(), strict=True):
        inside = (confidence >= low) & (confidence < high)
        assert n == inside.sum()
        assert mean == pytest.approx(confidence[inside].mean())
        assert accuracy == pytest.approx(right[inside].mean())
    gap = np.abs(np.array(told["accuracy"]) - told["confidence"]) @ told["n"] / 500
    assert calibration_error(probabilities, truth, bins=10) == pytest.approx(gap)


def test_certainty_falls_into_the_last_bin():
    told = reliability(np.array([[1.0, 0.0]]), np.array([0]))
    assert (told["low"], told["high"], told["n"]) == ([14 / 15], [1.0], [1])


@pytest.mark.parametrize(
    ("scores", "positive", "expected"),
    [
        ([0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0], 1.0),
        ([0.1, 0.2, 0.8, 0.9], [1, 1, 0, 0], 0.0),
        ([0.5, 0.5, 0.5], [1, 0, 0], 0.5),
        ([0.3, 0.5, 0.5, 0.7], [0, 1, 0, 1], 3.5 / 4),
    ],
    ids=["perfect", "reversed", "all tied", "one tie"],
)
def test_roc_auc_by_hand(scores, positive, expected):
    assert roc_auc(np.array(scores), np.array(positive, bool)) == pytest.approx(expected)


@given(ranked)
def test_roc_auc_is_scikit_learns(case):
    scores, positive = case
    assume(positive.any() and not positive.all())
    assert roc_auc(scores, positive) == pytest.approx(metrics.roc_auc_score(positive, scores))


@pytest.mark.parametrize("positive", [[0, 0], [1, 1]], ids=["none", "all"])
def test_roc_auc_needs_both_classes(positive):
    assert roc_auc(np.array([0.5, 0.2]), np.array(positive, bool)) is None


@given(ranked)
def test_precision_and_recall_are_scikit_learns(case):
    scores, positive = case
    assume(positive.any())
    precision, recall, threshold = precision_recall(scores, positive)
    # scikit-learn goes the other way and adds a point that no threshold reaches
    theirs = metrics.precision_recall_curve(positive, scores, drop_intermediate=False)
    np.testing.assert_allclose(precision, theirs[0][-2::-1])
    np.testing.assert_allclose(recall, theirs[1][-2::-1])
    np.testing.assert_array_equal(threshold, theirs[2][::-1])
    assert average_precision(scores, positive) == pytest.approx(
        metrics.average_precision_score(positive, scores)
    )


def test_binary_accuracy_of_a_model_that_never_says_yes():
    truth = np.arange(7)
    never = np.full((7, 7), 1 / 7)
    assert binary_accuracy(never, truth) == pytest.approx(6 / 7) == pytest.approx(0.857, abs=1e-3)
    told = score(never, truth)
    assert told["binary_accuracy_never_yes"] == pytest.approx(told["binary_accuracy"])
    assert told["accuracy"] == pytest.approx(1 / 7)


def test_binary_accuracy_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.5, 0.5]])
    # right twice, wrong twice, and at 0.5 nothing is said: one of the two answers is right
    assert binary_accuracy(probabilities, np.array([0, 1, 0])) == pytest.approx(3 / 6)


def test_binary_accuracy_of_nothing_is_none():
    assert binary_accuracy(np.zeros((0, 7)), np.zeros(0, int)) is None


@st.composite
def told_and_true(draw):
    count = draw(st.integers(0, 12))
    logits = draw(hnp.arrays(np.float32, (count, 7), elements=st.floats(-8, 8, width=32)))
    return softmax(logits), draw(hnp.arrays(np.int64, count, elements=st.integers(0, 6)))


@given(told_and_true())
def test_score_stays_in_bounds_and_is_valid_json(case):
    probabilities, truth = case
    told = score(probabilities, truth)
    json.dumps(told, allow_nan=False)
    assert np.sum(told["confusion"]) == told["n"] == len(truth)
    assert 0 <= told["calibration_error"] <= 1
    low, high = told["accuracy_95"]
    assert 0 <= low <= told["accuracy"] <= high <= 1 or len(truth) == 0
    for about in told["per_class"].values():
        assert all(0 <= about[key] <= 1 for key in ("recall", "precision", "f1"))


@given(told_and_true())
def test_score_is_what_scikit_learn_says(case):
    probabilities, truth = case
    assume(len(truth))
    told, answers = score(probabilities, truth), probabilities.argmax(axis=1)
    assert told["accuracy"] == pytest.approx(metrics.accuracy_score(truth, answers))
    assert told["confusion"] == metrics.confusion_matrix(truth, answers, labels=range(7)).tolist()
    present = sorted(set(truth.tolist()))
    recalls = metrics.recall_score(truth, answers, labels=present, average="macro", zero_division=0)
    assert told["balanced_accuracy"] == pytest.approx(recalls)
    theirs = metrics.precision_recall_fscore_support(
        truth, answers, labels=range(7), zero_division=0
    )
    for name, *expected in zip(EMOTIONS, *theirs, strict=True):
        ours = [told["per_class"][name][key] for key in ("precision", "recall", "f1", "n")]
        assert ours == pytest.approx(expected)


@given(told_and_true())
def test_macro_f1_averages_the_classes_that_occur(case):
    probabilities, truth = case
    assume(len(truth))
    told, by_class = probabilities.argmax(axis=1), []
    for label in set(truth.tolist()):
        hit = ((told == label) & (truth == label)).sum()
        precision = hit / max((told == label).sum(), 1)
        recall = hit / (truth == label).sum()
        by_class.append(2 * precision * recall / (precision + recall) if hit else 0.0)
    assert score(probabilities, truth)["macro_f1"] == pytest.approx(np.mean(by_class))


def test_score_of_classes_that_are_missing():
    truth = np.array([EMOTIONS.index("happy")] * 2)
    told = score(np.eye(7)[[3, 0]], truth)
    assert told["accuracy"] == 0.5
    assert told["macro_f1"] == pytest.approx(2 / 3)
    assert told["anger_recall"] == told["anger_precision"] == 0.0
    assert told["anger_average_precision"] is None
    assert told["anger_at_recall_0.8"]["threshold"] is None
    assert told["per_class"]["fear"] == {
        "recall": 0.0,
        "precision": 0.0,
        "f1": 0.0,
        "n": 0,
        "roc_auc": None,
        "average_precision": None,
    }


def test_score_both_leaves_out_faces_without_majority():
    votes = np.zeros((3, 7), np.float32)
    votes[0, 0], votes[1, 6], votes[2, 5] = 10, 6, 5
    faces = FaceSet(np.zeros((3, 48, 48), np.uint8), np.array([0, 0, 0]), votes)
    told = score_both(np.eye(7)[[0, 6, 0]], faces)
    assert (told["original"]["n"], told["original"]["accuracy"]) == (3, pytest.approx(2 / 3))
    assert (told["ferplus"]["n"], told["ferplus"]["accuracy"]) == (2, 1.0)


def test_score_both_without_votes_has_one_label_set(splits):
    faces = splits["PublicTest"]
    bare = FaceSet(faces.images, faces.labels, np.zeros_like(faces.votes))
    assert list(score_both(np.eye(7)[faces.labels], bare)) == ["original"]


@pytest.mark.parametrize(
    ("correct", "total", "expected"),
    # Brown, Cai and DasGupta 2001, and the closed forms at the ends
    [
        (5, 10, (0.2366, 0.7634)),
        (81, 263, (0.2553, 0.3662)),
        (0, 10, (0.0, 3.8415 / 13.8415)),
        (10, 10, (10 / 13.8415, 1.0)),
        (0, 0, (0.0, 1.0)),
    ],
)
def test_wilson_interval(correct, total, expected):
    assert wilson_interval(correct, total) == pytest.approx(expected, abs=1e-4)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_the_share(case):
    correct, total = case
    low, high = wilson_interval(correct, total)
    assert 0 <= low <= correct / total <= high <= 1


def test_paired_difference_by_hand():
    first, second = np.array([1, 1, 1, 0], bool), np.array([1, 0, 0, 0], bool)
    gain, (low, high) = paired_difference(first, second)
    assert gain == 0.5
    assert (gain - low, high - gain) == pytest.approx((1.959964 * 0.5 / 2,) * 2)


def test_paired_difference_of_no_faces_says_nothing():
    none = np.zeros(0, bool)
    assert paired_difference(none, none) == (0.0, (-1.0, 1.0))


@pytest.mark.parametrize("temperature", [0.4, 1.0, 1.7, 5.0])
def test_fit_temperature_finds_the_one_that_was_used(temperature):
    logits = np.random.default_rng(0).normal(0, 4, (500, 7))
    targets = softmax(logits, temperature)
    assert fit_temperature(logits, targets) == pytest.approx(temperature, rel=1e-3)


@pytest.mark.parametrize(("right", "end"), [(True, 0.2), (False, 10.0)], ids=["all", "none"])
def test_fit_temperature_stops_at_its_ends(right, end):
    labels = np.random.default_rng(0).integers(0, 7, 50)
    logits = 5 * np.eye(7)[labels]
    targets = np.eye(7)[labels if right else (labels + 1) % 7]
    assert fit_temperature(logits, targets) == pytest.approx(end, rel=1e-2)


@given(hnp.arrays(np.float32, (4, 7), elements=st.floats(-1e4, 1e4, width=32)), st.floats(0.05, 20))
def test_softmax_gives_distributions_that_keep_the_order(logits, temperature):
    told = softmax(logits, temperature)
    np.testing.assert_allclose(told.sum(axis=1), 1, atol=1e-5)
    assert (told >= 0).all()
    assert (np.take_along_axis(told, logits.argmax(axis=1)[:, None], 1)[:, 0] >= told.max(1)).all()


def test_three_classes_have_three_of_everything_and_no_anger():
    classes = ("negative", "neutral", "positive")
    truth = np.array([0, 1, 2, 2])
    told = score(np.eye(3)[[0, 1, 2, 1]], truth, classes)
    assert list(told["per_class"]) == list(classes)
    assert np.shape(told["confusion"]) == (3, 3)
    assert told["balanced_accuracy"] == pytest.approx((1 + 1 + 1 / 2) / 3)
    assert told["binary_accuracy_never_yes"] == pytest.approx(2 / 3)
    assert not [key for key in told if key.startswith("anger")]


def test_anger_is_found_wherever_it_stands():
    told = score(np.eye(2)[[0, 1, 1]], np.array([0, 1, 0]), ("happy", "angry"))
    assert (told["anger_recall"], told["anger_precision"]) == (1.0, 0.5)
    assert told["anger_average_precision"] == told["per_class"]["angry"]["average_precision"]


def test_score_both_takes_the_classes_of_the_faces():
    votes = np.array([[8, 1, 1], [0, 9, 1], [3, 3, 4]], np.float32)
    faces = FaceSet(
        np.zeros((3, 48, 48), np.uint8), np.array([0, 1, 2]), votes, ("bad", "even", "good")
    )
    told = score_both(np.eye(3), faces)
    assert list(told["original"]["per_class"]) == ["bad", "even", "good"]
    assert (told["original"]["n"], told["ferplus"]["n"]) == (3, 2)
    sets = label_sets(faces)
    assert sets["ferplus"][0].tolist() == [0, 1]
    assert sets["ferplus"][1].tolist() == [0, 1]


def test_confusion_matrix_has_truth_in_rows():
    told = confusion_matrix(np.eye(3)[[1, 1, 0]], np.array([0, 0, 2]))
    assert told.tolist() == [[0, 2, 0], [0, 0, 0], [1, 0, 0]]
