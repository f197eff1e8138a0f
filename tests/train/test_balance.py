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
from train.balance import LIMIT, balance, fit_bias, weighted_accuracy
from train.batches import plain
from train.data import FaceSet
from train.evaluate import predict

SEVEN = len(EMOTIONS)


def labelled(labels: np.ndarray, votes: np.ndarray | None = None) -> FaceSet:
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 48, 48), dtype=np.uint8)
    given_votes = votes if votes is not None else np.zeros((len(labels), SEVEN))
    return FaceSet(images, labels.astype(np.int64), given_votes.astype(np.float32))


def shifted_logits(labels: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Logits that are right but for a habit: the same shift on every face."""
    return (2.0 * np.eye(SEVEN)[labels] + shift).astype(np.float32)


def test_undoes_a_habit() -> None:
    labels = np.arange(70) % SEVEN
    shift = np.zeros(SEVEN)
    shift[EMOTIONS.index("neutral")] = 2.5  # everything is called neutral
    faces, logits = labelled(labels), shifted_logits(labels, shift)
    assert weighted_accuracy(logits, faces, 0.5) < 0.2
    assert weighted_accuracy(logits + fit_bias(logits, faces), faces, 0.5) == 1.0


def test_without_gain_nothing_is_moved() -> None:
    labels = np.arange(70) % SEVEN
    assert not fit_bias(shifted_logits(labels, np.zeros(SEVEN)), labelled(labels)).any()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_never_worse_and_never_far(seed: int, weight: float) -> None:
    rng = np.random.default_rng(seed)
    faces = labelled(rng.integers(0, SEVEN, 60), rng.multinomial(10, np.ones(SEVEN) / SEVEN, 60))
    logits = rng.normal(0, 1, (60, SEVEN)).astype(np.float32)
    bias = fit_bias(logits, faces, weight)
    before = weighted_accuracy(logits, faces, weight)
    assert weighted_accuracy(logits + bias, faces, weight) >= before - 1e-9
    assert np.ptp(bias) <= 2 * LIMIT + 1e-6
    assert abs(bias.mean()) < 1e-6


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
    pixels = plain(faces, 32)
    before = predict(model, pixels)
    bias = balance(model, faces, 0.5, tmp_path / "balanced.keras")
    saved = keras.saving.load_model(tmp_path / "balanced.keras", compile=False)
    assert predict(saved, pixels) == pytest.approx(before + bias, abs=1e-4)
    told = json.loads((tmp_path / "balanced.balance.json").read_text())
    assert list(told["bias"]) == list(EMOTIONS)
