"""Batch norms go into the layer before them, and the network tells what it told."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from convert.fold import folded
from convert.verify import ConversionError
from train.architectures import ARCHITECTURES, build


def unsettled(network: keras.Model) -> keras.Model:
    """Batch norms that do something: another gain, shift, mean and variance for each channel."""
    rng = np.random.default_rng(0)
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            count = layer.gamma.shape[0]
            layer.set_weights(
                [
                    rng.uniform(0.8, 1.2, count),
                    rng.normal(0, 0.2, count),
                    rng.normal(0, 0.2, count),
                    rng.uniform(0.8, 1.2, count),
                ]
            )
    return network


def far_apart(one: keras.Model, other: keras.Model) -> float:
    """The largest difference of logits, in units of the largest logit."""
    size = one.input_shape[1]
    faces = np.random.default_rng(1).integers(0, 256, (4, size, size, 1)).astype(np.float32)
    wanted, told = (np.asarray(network.predict_on_batch(faces)) for network in (one, other))
    return float(np.abs(wanted - told).max() / np.abs(wanted).max())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_network_of_the_table(name):
    keras.utils.set_random_seed(0)
    network = unsettled(build(name, 7, 32, alpha=0.35 if ARCHITECTURES[name].has_alpha else 1.0))
    before = network.get_weights()
    plain = folded(network)
    assert not any(isinstance(layer, layers.BatchNormalization) for layer in plain.layers)
    kept = [one.name for one in network.layers if not isinstance(one, layers.BatchNormalization)]
    assert sorted(layer.name for layer in plain.layers) == sorted(kept)
    assert far_apart(network, plain) < 1e-4
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_bias_and_several_outputs_a_channel():
    face = keras.Input((16, 16, 1), name="face")
    x = layers.Conv2D(4, 3, name="stem", bias_initializer="ones")(face)
    x = layers.BatchNormalization(name="stem_bn", center=False)(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, name="deep", use_bias=False)(x)
    x = layers.BatchNormalization(name="deep_bn", scale=False)(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dense(6, use_bias=False, name="head")(x)
    network = keras.Model(face, layers.BatchNormalization(name="head_bn")(x))
    rng = np.random.default_rng(0)
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, one.shape) for one in layer.get_weights()])
    assert far_apart(network, folded(network)) < 1e-4


def network_with(*middle: layers.Layer) -> keras.Model:
    x = face = keras.Input((16, 16, 1), name="face")
    x = layers.Conv2D(4, 3, name="stem")(x)
    for layer in middle:
        x = layer(x)
    return keras.Model(face, layers.Flatten()(x))


@pytest.mark.parametrize(
    ("middle", "message"),
    [
        (
            [layers.MaxPooling2D(name="max"), layers.BatchNormalization(name="bn")],
            "bn .*follows max",
        ),
        (
            [
                layers.Conv2D(4, 1, activation="relu", name="own"),
                layers.BatchNormalization(name="bn"),
            ],
            "bn .*own has an activation of its own",
        ),
        ([layers.SeparableConv2D(4, 3, name="apart")], r"apart \(SeparableConv2D\): cannot"),
    ],
)
def test_what_cannot_be_folded_is_named(middle, message):
    with pytest.raises(ConversionError, match=message):
        folded(network_with(*middle))


def test_a_convolution_that_others_read():
    face = keras.Input((16, 16, 1), name="face")
    stem = layers.Conv2D(4, 3, name="stem")(face)
    both = layers.Add()([layers.BatchNormalization(name="bn")(stem), stem])
    with pytest.raises(ConversionError, match="others also read what stem tells"):
        folded(keras.Model(face, both))
