"""Loading a float model and scoring it."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from edge.errors import DataError
from train.data import FaceSet
from train.evaluate import PREDICT_BATCH, evaluate, load_keras, predict
from train.metrics import score_both, softmax
from train.table import HEAD, accuracy_table


@pytest.fixture(scope="module")
def model(small):
    keras.utils.set_random_seed(0)
    return small.network(32)


def test_predict_gives_logits_whatever_the_number_of_faces(model, splits):
    faces = splits["PublicTest"].images
    many = np.concatenate([faces] * 6)
    assert len(many) > PREDICT_BATCH
    logits = predict(model, many)
    assert (logits.shape, logits.dtype) == ((len(many), 7), np.float32)
    np.testing.assert_allclose(logits[-len(faces) :], predict(model, faces), atol=1e-5)


def test_evaluate_takes_its_temperature_from_public_test(model, splits):
    results = evaluate(model, splits, ("PublicTest", "PrivateTest"))
    assert list(results) == ["temperature", "PublicTest", "PrivateTest"]
    private = splits["PrivateTest"]
    told = softmax(predict(model, private.images), results["temperature"])
    assert results["PrivateTest"] == score_both(told, private)
    json.dumps(results, allow_nan=False)


def test_evaluate_of_faces_of_one_class_is_valid_json(model, splits):
    public = splits["PublicTest"]
    happy = public[np.flatnonzero(public.labels == 3)]
    results = evaluate(model, {"PublicTest": happy}, ("PublicTest",))
    assert results["PublicTest"]["original"]["anger_average_precision"] is None
    json.dumps(results, allow_nan=False)


def saved(folder, inputs, outputs):
    keras.Model(inputs, outputs).save(folder / "model.keras")


def colour(folder):
    image = keras.Input((32, 32, 3))
    saved(folder, image, keras.layers.Dense(7)(keras.layers.Flatten()(image)))


def oblong(folder):
    image = keras.Input((32, 40, 1))
    saved(folder, image, keras.layers.Dense(7)(keras.layers.Flatten()(image)))


def any_size(folder):
    image = keras.Input((None, None, 1))
    saved(folder, image, keras.layers.Dense(7)(keras.layers.GlobalAveragePooling2D()(image)))


def eight_classes(folder):
    image = keras.Input((32, 32, 1))
    saved(folder, image, keras.layers.Dense(8)(keras.layers.Flatten()(image)))


def vector(folder):
    numbers = keras.Input((10,))
    saved(folder, numbers, keras.layers.Dense(7)(numbers))


def truncated(folder):
    eight_classes(folder)
    path = folder / "model.keras"
    path.write_bytes(path.read_bytes()[:2000])


def text(folder):
    (folder / "model.keras").write_text("no model")


def nothing(folder):
    assert not (folder / "model.keras").exists()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (nothing, "no such file; edge-train fit writes"),
        (text, "is not a readable Keras model (no .keras file, or half of one)"),
        (truncated, "is not a readable Keras model (no .keras file, or half of one)"),
        (colour, "takes [(None, 32, 32, 3)], not one square grey plane"),
        (oblong, "takes [(None, 32, 40, 1)], not one square grey plane"),
        (any_size, "takes [(None, None, None, 1)], not one square grey plane"),
        (vector, "takes [(None, 10)], not one square grey plane"),
        (eight_classes, "tells [(None, 8)], not one row of logits (None, n) with n one of 7, 3, 2"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_load_keras_refuses(tmp_path, make, told):
    make(tmp_path)
    with pytest.raises(DataError) as caught:
        load_keras(tmp_path / "model.keras")
    assert str(caught.value).startswith(f"{tmp_path / 'model.keras'}: {told}")
    assert "\n" not in str(caught.value)


def test_the_table_has_a_row_for_each_model_and_split(splits):
    faces = splits["PublicTest"]
    bare = FaceSet(faces.images, faces.labels, np.zeros_like(faces.votes))
    right = np.eye(7)[faces.labels]
    table = accuracy_table(
        [("a.keras", "PublicTest", score_both(right, faces)), ("b", "x", score_both(right, bare))]
    )
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]
    assert rows[0] == list(HEAD)
    assert {len(row) for row in rows} == {len(HEAD)}
    assert rows[2][:6] == ["a.keras", "PublicTest", "100.00%", "93.6%-100.0%", "1.000", "1.000"]
    assert rows[3][6:] == ["", "", "", ""]
