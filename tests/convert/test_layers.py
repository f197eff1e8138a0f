"""The per-layer report finds the layer that int8 hurts, and is the same every time."""

from __future__ import annotations

import csv

import cv2
import keras
import numpy as np
import pytest

from convert import layers, layers_told, tflite
from convert.verify import ConversionError
from train.batches import plain


@pytest.fixture(scope="module")
def faces(splits):
    return plain(splits["Training"], 32)


@pytest.fixture(scope="module")
def measured(model, faces) -> list[layers.Layer]:
    return layers.measure(tflite.float32(model), tflite.int8(model, faces), faces[::4])


def by_name(found: list[layers.Layer]) -> dict[str, layers.Layer]:
    return {one.layer: one for one in found}


def test_one_row_an_operation_in_the_order_of_the_graph(measured, model):
    order = [layer.name for layer in model.layers]
    places = [order.index(one.layer) for one in measured]
    assert places == sorted(places)
    assert measured[0].operation == "MUL"
    assert by_name(measured)["block_2_add"].shape == "8x8x8"
    assert all(one.snr > 10 for one in measured)


def test_noise_grows_and_is_more_than_its_own(measured):
    assert measured[-1].snr < by_name(measured)["Conv1"].snr
    for one in measured:
        assert one.output_snr is not None
        assert one.output_snr > one.snr - 1, one.layer


def test_weights_of_a_byte(measured, model):
    found = by_name(measured)["block_1_expand"]
    kernel = model.get_layer("block_1_expand").kernel.shape
    assert found.weight_bytes == np.prod(kernel) + 4 * kernel[-1]
    assert found.weights_snr is not None
    assert 35 < found.weights_snr < 60
    assert found.spread is not None
    assert found.spread > 1
    assert by_name(measured)["block_2_add"].weights_snr is None


def test_a_spoilt_layer_is_the_worst(model, faces):
    """One channel a thousand times the others takes all the levels of what the layer tells."""
    spoilt = plain_copy(model)
    norm = spoilt.get_layer("block_1_project_BN")
    gamma, *rest = norm.get_weights()
    gamma[0] *= 1000
    norm.set_weights([gamma, *rest])
    after = spoilt.get_layer("block_2_expand")
    kernel = after.get_weights()[0]
    kernel[:, :, 0] = 0
    after.set_weights([kernel])
    found = layers.measure(tflite.float32(spoilt), tflite.int8(spoilt, faces), faces[:8])
    assert by_name(found)["block_1_project"].spread > 100
    named = {one.layer for one in layers_told.worst(found, 6)}
    assert named & {"block_2_expand", "block_2_depthwise", "block_2_project"}


def plain_copy(model):
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


def test_a_layer_kept_float_adds_nothing(model, faces):
    int8 = tflite.int8(model, faces, ["block_1_depthwise"])
    found = by_name(layers.measure(tflite.float32(model), int8, faces[:8]))
    assert found["block_1_depthwise"].output_snr is None
    assert found["block_1_depthwise"].weights_snr is None
    kernel = model.get_layer("block_1_depthwise").kernel.shape
    assert found["block_1_depthwise"].weight_bytes == 4 * (np.prod(kernel) + kernel[2])


def test_csv_and_picture_are_the_same_every_time(measured, tmp_path):
    for folder in ("one", "two"):
        assert layers_told.write(measured, tmp_path / folder, "tiny") == [
            "tiny-layers.csv",
            "tiny-layers.png",
        ]
    for name in ("tiny-layers.csv", "tiny-layers.png"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    with (tmp_path / "one" / "tiny-layers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["layer"] for row in rows] == [one.layer for one in measured]
    assert float(rows[-1]["snr"]) == pytest.approx(measured[-1].snr, abs=0.01)
    picture = cv2.imread(str(tmp_path / "one" / "tiny-layers.png"))
    assert picture.shape[0] > 300
    assert picture.std() > 10


def test_text_begins_with_the_noisiest(measured):
    lines = layers_told.as_text(measured, 3).splitlines()
    assert len(lines) == 2 + 3
    assert min(measured, key=lambda one: one.snr).layer in lines[2]


def test_files_of_two_models_are_refused(model, faces):
    other = keras.Model(model.input, model.get_layer("block_1_expand").output)
    with pytest.raises(ConversionError, match="not of one model"):
        layers.measure(tflite.float32(other), tflite.int8(model, faces), faces[:1])
