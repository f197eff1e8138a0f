"""A Keras model without batch norms: each is folded into the convolution before it.

A converter does the same, so this is the network whose weights a device's file holds, and the one
that fine-tuning for int8 must move (Krishnamoorthi 2018, arXiv:1806.08342, 3.2.2).
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from convert.verify import ConversionError

WEIGHTED = (layers.Conv2D, layers.DepthwiseConv2D, layers.Dense)
PASSING = (  # what has no weights and int8 can do
    layers.InputLayer,
    layers.Rescaling,
    layers.ReLU,
    layers.Activation,
    layers.Add,
    layers.Dropout,
    layers.Flatten,
    layers.Reshape,
    layers.ZeroPadding2D,
    layers.MaxPooling2D,
    layers.AveragePooling2D,
    layers.GlobalAveragePooling2D,
    layers.GlobalMaxPooling2D,
)


def folded(model: keras.Model) -> keras.Model:
    """The same function with the same names, but no batch norm; `model` is left as it is.

    Raises:
        ConversionError: a layer is of a kind not known here, is used twice, or is a batch norm
            that follows no convolution of its own; names it.
    """
    norms = {
        _before(layer).name: layer
        for layer in model.layers
        if isinstance(layer, layers.BatchNormalization)
    }
    for layer in model.layers:
        _check(layer, norms)

    def plain(layer: keras.Layer) -> keras.Layer:
        told = layer.get_config() | ({"use_bias": True} if layer.name in norms else {})
        return type(layer).from_config(told)

    def call(layer: keras.Layer, *given: Any, **named: Any) -> Any:
        return given[0] if isinstance(layer, layers.BatchNormalization) else layer(*given, **named)

    made = keras.models.clone_model(model, clone_function=plain, call_function=call)
    for layer in made.layers:
        if layer.weights:
            layer.set_weights(_weights(model.get_layer(layer.name), norms.get(layer.name)))
    return made


def channels(layer: keras.Layer) -> int:
    """The axis of a layer's kernel along which it has a scale a channel in int8."""
    return 2 if isinstance(layer, layers.DepthwiseConv2D) else len(layer.kernel.shape) - 1


def _weights(
    layer: keras.Layer, norm: layers.BatchNormalization | None
) -> list[NDArray[np.float32]]:
    kernel, *rest = (np.asarray(one, np.float64) for one in layer.get_weights())
    if norm is None:
        return [np.asarray(one, np.float32) for one in (kernel, *rest)]
    gain, shift = _as_line(norm)
    bias = rest[0] if rest else 0.0
    shape = [1] * kernel.ndim
    if isinstance(layer, layers.DepthwiseConv2D):
        shape[2:] = kernel.shape[2:]  # the outputs are counted by input channel, then multiplier
    else:
        shape[-1] = -1
    return [
        np.asarray(one, np.float32) for one in (kernel * gain.reshape(shape), bias * gain + shift)
    ]


def _as_line(norm: layers.BatchNormalization) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A batch norm in use is `gain * x + shift`."""
    mean, variance, gamma, beta = (
        np.float64(default) if one is None else np.asarray(keras.ops.convert_to_numpy(one), float)
        for one, default in (
            (norm.moving_mean, 0),
            (norm.moving_variance, 1),
            (norm.gamma, 1),
            (norm.beta, 0),
        )
    )
    gain = gamma / np.sqrt(variance + norm.epsilon)
    return gain, beta - mean * gain


def _check(layer: keras.Layer, norms: dict[str, keras.Layer]) -> None:
    if isinstance(layer, layers.BatchNormalization):
        before = _before(layer)
        reason = _unfoldable(before, layer)
        if norms[before.name] is not layer:
            reason = f"{before.name} has another"
    elif type(layer) not in (*WEIGHTED, *PASSING):
        reason = "fine-tuning for int8 does not know how a device computes it"
    else:
        reason = "it is used more than once" if len(layer._inbound_nodes) > 1 else ""
    if reason:
        raise ConversionError(
            f"{layer.name} ({type(layer).__name__}): cannot be folded; {reason}; convert "
            "without fine-tuning"
        )


def _unfoldable(before: keras.Layer, norm: layers.BatchNormalization) -> str:
    """Why a batch norm cannot go into the layer before it; empty if it can."""
    if type(before) not in WEIGHTED:
        return f"it follows {before.name}, which has no weights to take it"
    if before.activation is not keras.activations.linear:
        return f"{before.name} has an activation of its own"
    if len(before._outbound_nodes) > 1:
        return f"others also read what {before.name} tells"
    if norm.axis not in (-1, len(norm.input.shape) - 1):
        return "it does not run along the channels"
    return ""


def _before(layer: keras.Layer) -> keras.Layer:
    return layer._inbound_nodes[0].parent_nodes[0].operation
