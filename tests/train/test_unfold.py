"""The shipped float file, back in Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from convert.tflite import float32
from edge.errors import DataError
from edge.vision.card import DEFAULT_CARD, read_card
from edge.vision.expression import load_model
from train.architectures import build
from train.batches import prepared
from train.evaluate import predict
from train.fit import fit
from train.recipe import Recipe
from train.shipped import trained
from train.unfold import recalibrate, unfold

CARD = read_card(DEFAULT_CARD)
FLOAT = CARD.pick("tflite", "float32")
ARCH = trained(CARD)["recipe"]["arch"]


@pytest.fixture(scope="module")
def shipped():
    network = build(ARCH, 7, CARD.input_size)
    unfold(FLOAT, network)
    return network


def test_it_is_the_same_function(shipped, splits):
    images = splits["PublicTest"].images[:20]
    wanted = load_model(FLOAT).logits(list(images))
    np.testing.assert_allclose(predict(shipped, images), wanted, atol=1e-4)


def test_recalibrated_it_still_is_and_knows_its_statistics(splits):
    network = build(ARCH, 7, CARD.input_size)
    unfold(FLOAT, network)
    images = splits["Training"].images
    before = predict(network, images[:20])
    recalibrate(network, prepared(images, CARD.input_size))
    np.testing.assert_allclose(predict(network, images[:20]), before, atol=1e-3)
    first = next(one for one in network.layers if isinstance(one, keras.layers.BatchNormalization))
    watched = keras.Model(network.inputs, first.input)
    told = np.asarray(watched.predict_on_batch(prepared(images, CARD.input_size)))
    np.testing.assert_allclose(first.moving_mean.numpy(), told.mean(axis=(0, 1, 2)), atol=1e-3)
    np.testing.assert_allclose(first.moving_variance.numpy(), told.var(axis=(0, 1, 2)), rtol=1e-2)


@pytest.mark.parametrize("arch", ["mobilenetv2", "mobilenetv2-fused", "cnn5", "cnn3", "mini"])
def test_every_kind_of_network_comes_back(splits, tmp_path, arch):
    network, other = (build(arch, 7, 48, head_units=4) for _ in range(2))
    (tmp_path / "model.tflite").write_bytes(float32(network))
    unfold(tmp_path / "model.tflite", other)
    images = splits["PublicTest"].images[:10]
    np.testing.assert_allclose(predict(other, images), predict(network, images), atol=1e-4)


def test_branches_that_cannot_be_told_apart_are_refused(tmp_path):
    network, other = (build("mini-xception", 7, 48) for _ in range(2))
    (tmp_path / "model.tflite").write_bytes(float32(network))
    with pytest.raises(DataError, match=r"branches cannot be told apart.*give the \.keras file"):
        unfold(tmp_path / "model.tflite", other)


@pytest.mark.parametrize(
    "network",
    [("mobilenetv2", 7, 64, 0.35), (ARCH, 3, 64, 1.0), ("cnn3", 7, 48, 1.0)],
    ids=str,
)
def test_another_network_is_refused(network):
    with pytest.raises(DataError, match="is not the float file of a network like"):
        unfold(FLOAT, build(*network))


def test_the_quantised_file_is_refused():
    int8 = FLOAT.with_name("emotion-int8.tflite")
    with pytest.raises(DataError, match=r"weights are quantised; give the float32 file"):
        unfold(int8, build(ARCH, 7, CARD.input_size))


@pytest.mark.parametrize("content", [b"", b"no model", b"TFL3" * 500], ids=["empty", "text", "cut"])
def test_what_is_no_tflite_file_is_refused(tmp_path, content):
    (tmp_path / "model.tflite").write_bytes(content)
    with pytest.raises(DataError, match=r"model\.tflite: is not a readable TFLite file"):
        unfold(tmp_path / "model.tflite", build("cnn3", 7, 48))


def test_a_run_starts_from_it(splits, tmp_path):
    recipe = Recipe(
        arch=ARCH,
        input_size=CARD.input_size,
        start_from=str(FLOAT),
        epochs=1,
        batch=16,
        learning_rate=1e-7,
    )
    fit(splits, recipe, tmp_path, say=lambda _: None, verbose=0)
    best = keras.saving.load_model(tmp_path / "best.keras")
    images = splits["PublicTest"].images[:10]
    wanted = load_model(FLOAT).logits(list(images))
    # one epoch at next to no learning rate: the weights are those of the file
    np.testing.assert_allclose(predict(best, images), wanted, atol=0.3)
