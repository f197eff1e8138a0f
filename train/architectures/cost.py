"""What a network costs: its parameters, and the multiplications of one forward pass."""

from __future__ import annotations

import math

import keras


def parameters(model: keras.Model) -> int:
    """All of the network's numbers, a batch norm's running mean and variance included."""
    return int(model.count_params())


def multiply_adds(model: keras.Model) -> int:
    """Multiply-accumulates of one forward pass of one face.

    Counted as papers count them: convolutions and dense layers, each position of a padded map as
    if its kernel lay inside; no bias, batch norm, activation or pooling, which converters fold into
    their neighbours or which cost little.
    """
    return sum(_of_layer(layer) for layer in model.layers)


def _of_layer(layer: keras.Layer) -> int:
    match layer:
        case keras.layers.Conv2D() | keras.layers.DepthwiseConv2D():
            return _positions(layer) * _size(layer.kernel)
        case keras.layers.SeparableConv2D():
            kernels = (layer.depthwise_kernel, layer.pointwise_kernel)
            return _positions(layer) * sum(map(_size, kernels))
        case keras.layers.Dense():
            return int(math.prod(layer.output.shape[1:-1])) * _size(layer.kernel)
        case _:
            return 0


def _positions(layer: keras.Layer) -> int:
    """Places of the output map: every number of a kernel is used once at each."""
    return int(math.prod(layer.output.shape[1:3]))


def _size(kernel: keras.Variable) -> int:
    return int(math.prod(kernel.shape))
