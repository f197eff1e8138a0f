"""Stacks of convolutions as published for FER-2013 again and again, with five and three blocks.

Each block is two 3x3 convolutions and a 2x2 max pool, twice as wide as the one before. The block's
layers carry its name: `block2_conv1`, `block2_pool`.
"""

from __future__ import annotations

import keras

WIDTHS = (32, 64, 128, 256, 512)
CONVOLUTIONS = 2  # a block


def cnn5(scaled: keras.KerasTensor, alpha: float, weights: str) -> keras.KerasTensor:  # noqa: ARG001
    """Five blocks, each convolution with batch norm: (n, s/32, s/32, 512) features."""
    return _blocks(scaled, WIDTHS, batch_norm=True)


def cnn3(scaled: keras.KerasTensor, alpha: float, weights: str) -> keras.KerasTensor:  # noqa: ARG001
    """Three blocks and nothing else: (n, s/8, s/8, 128) features."""
    return _blocks(scaled, WIDTHS[:3], batch_norm=False)


def _blocks(x: keras.KerasTensor, widths: tuple[int, ...], batch_norm: bool) -> keras.KerasTensor:
    for block, width in enumerate(widths, start=1):
        for convolution in range(1, CONVOLUTIONS + 1):
            x = _convolution(x, width, f"block{block}", convolution, batch_norm)
        x = keras.layers.MaxPooling2D(name=f"block{block}_pool")(x)
    return x


def _convolution(
    x: keras.KerasTensor, width: int, block: str, number: int, batch_norm: bool
) -> keras.KerasTensor:
    x = keras.layers.Conv2D(
        width,
        3,
        padding="same",
        use_bias=not batch_norm,
        kernel_initializer="he_normal",
        name=f"{block}_conv{number}",
    )(x)
    if batch_norm:
        x = keras.layers.BatchNormalization(name=f"{block}_bn{number}")(x)
    return keras.layers.ReLU(name=f"{block}_relu{number}")(x)
