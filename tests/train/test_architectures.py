"""The table of networks: what each takes and tells, and the layers that all of them have."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest

from edge.errors import UsageError
from train.architectures import ARCHITECTURES, build, find

NAMES = [
    "mobilenetv2",
    "mobilenetv2-fused",
    "vgg16",
    "vgg19",
    "resnet50",
    "cnn5",
    "cnn3",
    "mini",
    "mini-xception",
]
SMALL = ("cnn3", "mini", "mini-xception")
# what a converter to int8 knows everywhere; no swish, no global attention, no resizing
INT8_LAYERS = (
    keras.layers.InputLayer,
    keras.layers.Rescaling,
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.BatchNormalization,
    keras.layers.ReLU,
    keras.layers.Activation,
    keras.layers.Add,
    keras.layers.ZeroPadding2D,
    keras.layers.MaxPooling2D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.Dropout,
    keras.layers.Dense,
)
RECTIFIERS = (keras.activations.relu, keras.activations.linear)


def test_the_table_names_its_sources():
    assert list(ARCHITECTURES) == NAMES
    for name, one in ARCHITECTURES.items():
        assert one.name == name
        assert one.smallest <= one.input_size <= one.largest
        assert any(year in one.source for year in ("2014", "2015", "2017", "2018", "2020")), name


def test_reading_the_table_does_not_load_keras():
    """A command's --help lists the networks, and must not wait seconds for it."""
    code = "import sys, train.architectures; sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_network_keeps_the_contract(name):
    size = ARCHITECTURES[name].input_size
    network = build(name, 7, size, dropout=0.25)
    assert network.input_shape == (None, size, size, 1)
    assert network.output_shape == (None, 7)
    assert network.layers[0].name == "face"
    assert network.layers[1].name == "scale"
    assert [layer.name for layer in network.layers[-3:]] == ["pool", "dropout", "logits"]
    assert len(network.get_layer("pool").input.shape) == 4
    assert network.get_layer("dropout").rate == 0.25
    assert network.get_layer("logits").activation is keras.activations.linear
    assert network.get_layer("logits").compute_dtype == "float32"
    black_and_white = np.array([0.0, 255.0], np.float32)[:, None, None, None]
    scaled = network.get_layer("scale")(black_and_white)
    np.testing.assert_allclose(np.ravel(scaled), [-1, 1], atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_every_network_is_made_of_what_int8_knows(name):
    for layer in build(name, 7, 48).layers:
        assert isinstance(layer, INT8_LAYERS), layer
        assert getattr(layer, "activation", RECTIFIERS[0]) in RECTIFIERS, layer.name


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("classes", [2, 3])
def test_any_task_at_the_smallest_size(name, classes):
    network = build(name, classes, ARCHITECTURES[name].smallest)
    assert network.output_shape == (None, classes)
    assert 0 not in network.get_layer("pool").input.shape


@pytest.mark.parametrize("name", SMALL)
def test_a_hidden_layer_before_the_logits(name):
    network = build(name, 7, 48, head_units=16)
    assert [one.name for one in network.layers[-4:]] == ["pool", "dropout", "head", "logits"]
    assert network.get_layer("head").activation is keras.activations.relu
    assert network.output_shape == (None, 7)


@pytest.mark.parametrize("name", SMALL)
def test_weights_learnt_at_one_size_go_on_at_another(name):
    """Because the features are averaged, not flattened."""
    before, after = build(name, 7, 48), build(name, 7, 80)
    after.set_weights(before.get_weights())
    told = after.predict_on_batch(np.full((1, 80, 80, 1), 90, np.float32))
    assert told.shape == (1, 7)


def test_width_is_a_width():
    sizes = [build("mobilenetv2", 7, 48, alpha=alpha).count_params() for alpha in (0.35, 1.0, 1.4)]
    assert sizes == sorted(sizes)
    assert sizes[2] > 8 * sizes[0]


def test_mini_has_thirty_thousand_parameters():
    assert 25_000 < build("mini", 7, 48).count_params() < 35_000


def test_mini_xception_is_the_papers_but_for_its_end():
    """58,423 with a last 3x3 convolution to seven classes; here a dense layer, as everywhere."""
    last = 128 * 9 * 7 + 7
    assert build("mini-xception", 7, 64).count_params() == 58_423 - last + 128 * 7 + 7


def test_batch_norms_settle_within_an_epoch():
    for name in NAMES:
        norms = [
            layer.momentum
            for layer in build(name, 7, 48).layers
            if isinstance(layer, keras.layers.BatchNormalization)
        ]
        assert set(norms) <= {0.99}, name


def test_a_vgg_at_random_lets_its_input_through():
    """With Keras' own draw the deepest features of two faces differ by next to nothing."""
    network = build("vgg16", 7, 48)
    features = keras.Model(network.input, network.get_layer("pool").output)
    faces = np.random.default_rng(0).integers(0, 256, (2, 48, 48, 1)).astype(np.float32)
    one, other = features.predict_on_batch(faces)
    assert 0.1 < one.std() < 10
    assert np.abs(one - other).max() > 0.1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("resnet51", 48),
            r"--arch resnet51: unknown; known: mobilenetv2, mobilenetv2-fused, vgg16,",
        ),
        (("mobilenetv2", 31), r"--input-size 31: mobilenetv2 takes 32 to 224"),
        (("vgg16", 225), r"--input-size 225: vgg16 takes 32 to 224"),
        (("mobilenetv2", 64, 0.3), r"--alpha 0.3: mobilenetv2 takes 0.35 to 1.4"),
        (("mobilenetv2", 64, float("nan")), r"--alpha nan: mobilenetv2 takes"),
        (("vgg16", 48, 0.5), r"--alpha 0.5: vgg16 has one width; leave it"),
    ],
)
def test_what_is_not_built_says_what_is(arguments, told):
    name, size, *alpha = arguments
    with pytest.raises(UsageError, match=told):
        build(name, 7, size, *alpha)


def test_find_is_the_table():
    assert find("mini") is ARCHITECTURES["mini"]


@pytest.mark.parametrize(
    "arch", ["mobilenetv2", "mobilenetv2-fused", "cnn5", "cnn3", "mini", "mini-xception"]
)
def test_no_convolution_of_one_pixel_has_a_stride(arch):
    """Its gradient crashes the process in TensorFlow 2.21 on the CPU, at some sizes."""
    strided = [
        layer.name
        for layer in build(arch, 7, 64).layers
        if isinstance(layer, keras.layers.Conv2D)
        and tuple(layer.kernel_size) == (1, 1)
        and tuple(layer.strides) != (1, 1)
    ]
    assert strided == []
