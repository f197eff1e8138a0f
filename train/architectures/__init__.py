"""The networks by name. Keras is imported when one is built, not when the table is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from train.architectures.blocks import blocks, first_layer
from train.architectures.table import ARCHITECTURES, Architecture, find

if TYPE_CHECKING:
    import keras

__all__ = ["ARCHITECTURES", "Architecture", "blocks", "build", "find", "first_layer"]


def build(
    arch: str,
    classes: int,
    input_size: int,
    alpha: float = 1.0,
    backbone_weights: str = "none",
    dropout: float = 0.3,
    head_units: int = 0,
) -> keras.Model:
    """Build a classifier: (n, size, size, 1) values 0-255 to (n, classes) logits.

    Whatever its features are, every network has the layers `face` (the input), `scale`, `pool`
    (whose input is the last feature map, (n, h, w, c)), `dropout`, `head` where there is one, and
    `logits`.

    Args:
        arch: A name of `ARCHITECTURES`.
        classes: Number of outputs.
        input_size: Side of the input, in pixels.
        alpha: Width of a network that comes in several; 1 for the others.
        backbone_weights: `imagenet` (Keras downloads them), the path of a "no top" weight file of
            this network as Keras publishes them, or `none`.
        dropout: Share of features dropped before the last layers while training.
        head_units: Width of a layer between features and logits; 0 for none.

    Raises:
        UsageError: there is no such network, not in this size or width, or not with such weights.
        DataError: the weights cannot be had.
    """
    architecture = find(arch)
    architecture.check(input_size, alpha, backbone_weights)
    from train.architectures.network import network

    return network(architecture, classes, input_size, alpha, backbone_weights, dropout, head_units)
