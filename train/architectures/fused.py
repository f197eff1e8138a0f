"""MobileNetV2 whose first blocks are dense: no depthwise convolution looks at a large map.

A depthwise convolution does little work on each number that it moves. Where maps are large that
costs more time than a dense one of several times the multiplications, and int8 gains nothing from
it: dense convolutions are what the dot products of int8 are made for. So the first blocks widen
with one 3x3 convolution (the fused block of Gupta and Akin 2020, arXiv:2003.02838), the block
without expansion is left out, and from `block_4` on all is MobileNetV2 with its names and shapes,
so that weights made for that are taken over.

A layer of stride 2 begins at the first pixel at every size. Keras' "same" would begin one outside
where a side is odd, so that weights learnt at another size would meet another grid there, and an
input of 112 pixels would need a last map of 4, not of 3.
"""

from __future__ import annotations

import keras

from train.architectures.imagenet import SCALED, start_from
from train.architectures.mobilenetv2 import BATCH_NORM_MOMENTUM, colour

EPSILON = 1e-3  # of the batch norms, as in Keras' MobileNetV2
STEM, LAST = 16, 1280
# Inner width, width and stride of each dense block.
DENSE = ((96, 24, 2), (96, 24, 1), (144, 32, 2))
# Expansion, width, number and first stride of the blocks from `block_4` on.
INVERTED = ((6, 32, 2, 1), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
FIRST_INVERTED = 4


def fused(scaled: keras.KerasTensor, alpha: float, weights: str) -> keras.KerasTensor:  # noqa: ARG001
    """Features of (n, s, s, 1) values -1 to 1: (n, s/32, s/32, 1280), rounded down."""
    x = _rectified(_convolution(scaled, STEM, 3, "stem", stride=2), "stem")
    for index, (inner, width, stride) in enumerate(DENSE, start=1):
        name = f"dense_{index}"
        y = _rectified(_convolution(x, inner, 3, f"{name}_conv", stride), f"{name}_conv")
        x = _narrowed(y, x, width, name)
    number = FIRST_INVERTED
    for expansion, width, count, first_stride in INVERTED:
        for index in range(count):
            stride = first_stride if index == 0 else 1
            x = _inverted(x, expansion, width, stride, f"block_{number}")
            number += 1
    x = _convolution(x, LAST, 1, "Conv_1")
    x = keras.layers.ReLU(6.0, name="out_relu")(_norm(x, "Conv_1_bn"))
    whole = keras.Model(keras.utils.get_source_inputs(scaled), x)
    start_from(weights, whole, colour(1.0), None, SCALED, "MobileNetV2 of width 1")
    return x


def _inverted(
    x: keras.KerasTensor, expansion: int, width: int, stride: int, name: str
) -> keras.KerasTensor:
    """Widen, look around in each channel, narrow (Sandler et al. 2018)."""
    y = _convolution(x, x.shape[-1] * expansion, 1, f"{name}_expand")
    y = _rectified(y, f"{name}_expand")
    y = keras.layers.DepthwiseConv2D(
        3, strides=stride, padding=_padding(y, stride), use_bias=False, name=f"{name}_depthwise"
    )(y)
    return _narrowed(_rectified(y, f"{name}_depthwise"), x, width, name)


def _narrowed(
    y: keras.KerasTensor, x: keras.KerasTensor, width: int, name: str
) -> keras.KerasTensor:
    """A block's linear end; beside it the block's input, where that has the same shape."""
    y = _norm(_convolution(y, width, 1, f"{name}_project"), f"{name}_project_BN")
    return keras.layers.Add(name=f"{name}_add")([x, y]) if x.shape == y.shape else y


def _convolution(
    x: keras.KerasTensor, width: int, kernel: int, name: str, stride: int = 1
) -> keras.KerasTensor:
    return keras.layers.Conv2D(
        width, kernel, strides=stride, padding=_padding(x, stride), use_bias=False, name=name
    )(x)


def _padding(x: keras.KerasTensor, stride: int) -> str:
    return "valid" if stride == 2 and x.shape[1] % 2 else "same"


def _rectified(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return keras.layers.ReLU(6.0, name=f"{name}_relu")(_norm(x, f"{name}_BN"))


def _norm(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return keras.layers.BatchNormalization(
        epsilon=EPSILON, momentum=BATCH_NORM_MOMENTUM, name=name
    )(x)
