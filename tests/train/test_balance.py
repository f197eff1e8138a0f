"""The bias per emotion: chosen for both label sets, kept by the saved model."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.labels import EMOTIONS
from train.balance import balance, fit_bias
from train.data import FaceSet
from train.evaluate import predict
from train.metrics import softmax

SEVEN = len(EMOTIONS)


def labelled(labels: np.ndarray, votes: np.ndarray | None = None) -> FaceSet:
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 48, 48), dtype=np.uint8)
    given_votes = votes if votes is not None else np.zeros((len(labels), SEVEN))
    return FaceSet(images, labels.astype(np.int64), given_votes.astype(np.float32))


def shifted_logits(labels: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Logits that are right but for a habit: the same shift on every face."""
    return (2.0 * np.eye(SEVEN)[labels] + shift).astype(np.float32)


def accuracy(logits: np.ndarray, truth: np.ndarray) -> float:
    return float((logits.argmax(axis=1) == truth).mean())


def cross_entropy(logits: np.ndarray, truth: np.ndarray) -> float:
    return float(-np.log(softmax(logits)[np.arange(len(truth)), truth]).mean())


def test_undoes_a_habit() -> None:
    labels = np.arange(70) % SEVEN
    shift = np.zeros(SEVEN)
    shift[EMOTIONS.index("neutral")] = 2.5  # everything is called neutral
    faces, logits = labelled(labels), shifted_logits(labels, shift)
    assert accuracy(logits, labels) < 0.2
    bias = fit_bias(logits, faces)
    assert accuracy(logits + bias, labels) == 1.0
    assert bias + shift == pytest.approx(np.full(SEVEN, shift.mean()), abs=0.05)


def test_without_a_habit_nothing_is_moved() -> None:
    labels = np.arange(70) % SEVEN
    bias = fit_bias(shifted_logits(labels, np.zeros(SEVEN)), labelled(labels))
    assert bias == pytest.approx(np.zeros(SEVEN), abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_fits_no_worse_than_before(seed: int, weight: float) -> None:
    rng = np.random.default_rng(seed)
    faces = labelled(rng.integers(0, SEVEN, 60), rng.multinomial(10, np.ones(SEVEN) / SEVEN, 60))
    logits = rng.normal(0, 1, (60, SEVEN)).astype(np.float32)
    bias = fit_bias(logits, faces, weight)
    agreed = faces.majority >= 0
    share = weight if agreed.any() else 1.0

    def loss(told: np.ndarray) -> float:
        rest = cross_entropy(told[agreed], faces.majority[agreed]) if agreed.any() else 0.0
        return share * cross_entropy(told, faces.labels) + (1 - share) * rest

    # the ridge is part of what is minimised, so at worst its zero is as good
    assert loss(logits + bias) <= loss(logits) + 1e-6
    assert np.isfinite(bias).all()
    assert abs(bias.mean()) < 1e-5


def test_weight_says_which_labels_count() -> None:
    labels = np.zeros(50, dtype=int)
    votes = np.zeros((50, SEVEN))
    votes[:, 6] = 10
    faces = labelled(labels, votes)
    logits = np.zeros((50, SEVEN), np.float32)
    assert (logits + fit_bias(logits, faces, 0.9)).argmax(axis=1).tolist() == [0] * 50
    assert (logits + fit_bias(logits, faces, 0.1)).argmax(axis=1).tolist() == [6] * 50


def test_the_saved_model_carries_the_bias(tmp_path: Path) -> None:
    inputs = keras.Input((32, 32, 1))
    pooled = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(SEVEN, name="logits")(pooled))
    faces = labelled(np.full(40, 3))
    pixels = faces.images
    before = predict(model, pixels)
    bias = balance(model, faces, 0.5, tmp_path / "balanced.keras")
    saved = keras.saving.load_model(tmp_path / "balanced.keras", compile=False)
    assert predict(saved, pixels) == pytest.approx(before + bias, abs=1e-4)
    told = json.loads((tmp_path / "balanced.balance.json").read_text())
    assert list(told["bias"]) == list(EMOTIONS)
