"""Places in a network by name, at which fine-tuning may begin (`--unfreeze-from`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edge.errors import UsageError

if TYPE_CHECKING:
    import keras

# How the networks of the table name their stages and blocks: `conv5` and `conv5_block1` (ResNet),
# `block_13` and `expanded_conv` (MobileNetV2), `dense_1` (before it in its fused form), `block5`
# and `stem1` (the others).
STAGE = re.compile(r"conv\d+(?=_block)")
BLOCK = re.compile(r"(conv\d+_block\d+|block_?\d+|dense_\d+|expanded_conv|stem\d*)(?=_)")


def blocks(model: keras.Model) -> tuple[str, ...]:
    """The blocks of a network's features, from input to output.

    A convolution that belongs to no block stands for itself.
    """
    found: dict[str, None] = {}
    for layer in _features(model):
        if hasattr(layer, "kernel"):
            found.update(dict.fromkeys(_blocks_of(layer.name) or [layer.name]))
    return tuple(found)


def first_layer(model: keras.Model, name: str) -> int:
    """Index in `model.layers` of the first layer of a block, or of the layer of that name.

    Raises:
        UsageError: the features have neither; the message lists the blocks.
    """
    for layer in _features(model):
        if name == layer.name or name in _blocks_of(layer.name):
            return int(model.layers.index(layer))
    raise UsageError(
        f"--unfreeze-from {name}: no such block or layer in {model.name}; its blocks are "
        + ", ".join(blocks(model))
    )


def _features(model: keras.Model) -> list[keras.Layer]:
    """The layers between preprocessing and pooling."""
    names = [layer.name for layer in model.layers]
    return list(model.layers[names.index("scale") + 1 : names.index("pool")])


def _blocks_of(name: str) -> list[str]:
    return [match.group() for match in (STAGE.match(name), BLOCK.match(name)) if match]
