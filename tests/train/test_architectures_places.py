"""What networks cost, and where in them fine-tuning may begin."""

from __future__ import annotations

import keras
import pytest

from edge.errors import UsageError
from train.architectures import ARCHITECTURES, blocks, build, first_layer
from train.architectures.cost import multiply_adds, parameters


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (keras.layers.Conv2D(5, 3, padding="same"), 8 * 8 * 5 * 3 * 3 * 4),
        (keras.layers.Conv2D(5, 3, strides=2, padding="valid"), 3 * 3 * 5 * 3 * 3 * 4),
        (keras.layers.Conv2D(6, 3, groups=2, padding="same"), 8 * 8 * 6 * 3 * 3 * 2),
        (keras.layers.DepthwiseConv2D(3, strides=2, padding="same"), 4 * 4 * 4 * 3 * 3),
        (keras.layers.DepthwiseConv2D(3, depth_multiplier=2), 6 * 6 * 8 * 3 * 3),
        (keras.layers.SeparableConv2D(5, 3, padding="same"), 8 * 8 * (4 * 3 * 3 + 4 * 5)),
        (keras.layers.Dense(7), 8 * 8 * 4 * 7),
        (keras.layers.MaxPooling2D(), 0),
    ],
    ids=["conv", "strided", "grouped", "depthwise", "doubled", "separable", "dense", "pool"],
)
def test_a_layer_costs_what_is_counted_by_hand(layer, expected):
    given = keras.Input((8, 8, 4))
    assert multiply_adds(keras.Model(given, layer(given))) == expected


def test_mobilenetv2_costs_what_its_paper_says():
    """300 million at 224 pixels, with three planes and 1000 classes (Sandler et al. 2018)."""
    network = build("mobilenetv2", 7, 224)
    two_planes_more = 112 * 112 * 32 * 3 * 3 * 2
    classes_more = 1280 * (1000 - 7)
    whole = multiply_adds(network) + two_planes_more + classes_more
    assert whole == pytest.approx(300e6, rel=0.005)
    assert parameters(network) + 3 * 3 * 32 * 2 + 1281 * (1000 - 7) == 3_538_984  # Keras' own count


@pytest.mark.parametrize(
    ("name", "size", "expected"), [("vgg16", 224, 15.35e9), ("resnet50", 224, 3.86e9)]
)
def test_the_others_cost_what_is_published(name, size, expected):
    """VGG-16's convolutions, and ResNet-50's 3.8 billion (He et al. 2015) with its three planes."""
    network = build(name, 7, size)
    first, places = {"vgg16": (64 * 9, 224**2), "resnet50": (64 * 49, 112**2)}[name]
    assert multiply_adds(network) + 2 * first * places == pytest.approx(expected, rel=0.01)


PLACES = {
    "mobilenetv2": ("block_13", "block_13_expand"),
    "mobilenetv2-fused": ("dense_2", "dense_2_conv"),
    "vgg16": ("block5", "block5_conv1"),
    "vgg19": ("block5", "block5_conv1"),
    "resnet50": ("conv5_block1", "conv5_block1_1_conv"),
    "cnn5": ("block5", "block5_conv1"),
    "cnn3": ("block3", "block3_conv1"),
    "mini": ("block6", "block6_depthwise"),
    "mini-xception": ("block4", "block4_1_depthwise"),
}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_block_begins_with_its_first_layer(name):
    network = build(name, 7, 48)
    block, layer = PLACES[name]
    index = first_layer(network, block)
    assert network.layers[index].name == layer
    assert first_layer(network, layer) == index
    after = {one.name for one in network.layers[index:]}
    assert {one.name for one in network.layers if one.name.startswith(block)} <= after


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_blocks_are_in_the_order_of_the_network_and_each_can_be_named(name):
    network = build(name, 7, 48)
    places = [first_layer(network, block) for block in blocks(network)]
    assert places == sorted(places)
    assert network.layers[places[0]].name == network.layers[2].name or name == "resnet50"
    assert len(blocks(network)) >= 3


def test_a_stage_of_resnet_begins_with_its_first_block():
    network = build("resnet50", 7, 48)
    assert first_layer(network, "conv5") == first_layer(network, "conv5_block1")


@pytest.mark.parametrize("name", ["block_17", "block_1_", "block", "logits", "scale", "face", ""])
def test_a_place_that_is_not_there_lists_those_that_are(name):
    network = build("mobilenetv2", 7, 48, alpha=0.35)
    with pytest.raises(
        UsageError, match=r"--unfreeze-from .*Conv1, expanded_conv, block_1, block_2"
    ):
        first_layer(network, name)


def test_block_1_is_not_block_16():
    network = build("mobilenetv2", 7, 48, alpha=0.35)
    assert network.layers[first_layer(network, "block_1")].name == "block_1_expand"
