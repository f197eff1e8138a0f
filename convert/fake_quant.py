"""A float model that computes as its int8 file will: what training for int8 trains.

Weights are rounded to 255 levels around zero, by channel; what a layer hands on to 256 levels over
its range. The gradient passes through as if nothing were rounded (Jacob et al. 2018,
arXiv:1712.05877).
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from keras.quantizers import fake_quant_with_min_max_vars
from numpy.typing import NDArray

from convert.fold import WEIGHTED, channels

Tensor = Any  # of TensorFlow, the one backend a converter takes
MOMENTUM = 0.99  # of the ranges while training; before a judgement they are measured afresh
BATCH = 16  # faces at a time while ranges are measured: every layer's output is held
RECTIFIERS = (layers.ReLU, layers.Activation)
# They hand on values that are in their input, so the file gives them their input's scale.
SAME_SCALE = (
    layers.InputLayer,
    layers.Dropout,
    layers.Flatten,
    layers.Reshape,
    layers.ZeroPadding2D,
    layers.MaxPooling2D,
    layers.GlobalMaxPooling2D,
)


class RoundedWeights(layers.Layer):  # type: ignore[misc]
    """Another layer, with its weights, computing with them rounded."""

    def __init__(self, layer: keras.Layer) -> None:
        super().__init__(name=layer.name)
        self.layer = layer
        self.built = True

    def call(self, given: Tensor) -> Tensor:
        """As the layer itself, bias and activation included."""
        layer, kernel = self.layer, self._rounded()
        if isinstance(layer, layers.Dense):
            told = ops.matmul(given, kernel)
        else:
            convolve = ops.depthwise_conv if channels(layer) == 2 else ops.conv
            told = convolve(
                given,
                kernel,
                strides=layer.strides,
                padding=layer.padding,
                dilation_rate=layer.dilation_rate,
            )
        return layer.activation(told + layer.bias if layer.use_bias else told)

    def _rounded(self) -> Tensor:
        kernel, axis = self.layer.kernel, channels(self.layer)
        others = [one for one in range(len(kernel.shape)) if one != axis]
        widest = ops.maximum(ops.max(ops.abs(ops.stop_gradient(kernel)), axis=others), 1e-8)
        return fake_quant_with_min_max_vars(
            ops.convert_to_tensor(kernel), -widest, widest, narrow_range=True, axis=axis
        )


class RoundedOutput(layers.Layer):  # type: ignore[misc]
    """Rounds to 256 levels over a range, which follows what is seen while training."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.range = self.add_weight(shape=(2,), initializer="zeros", trainable=False, name="range")

    def call(self, given: Tensor, training: bool = False) -> Tensor:
        """The same shape; the range always holds zero, as TFLite asks."""
        if training:
            seen = ops.stop_gradient(_extremes(given))
            self.range.assign(MOMENTUM * self.range + (1 - MOMENTUM) * seen)
        low, high = ops.minimum(self.range[0], 0.0), ops.maximum(self.range[1], 1e-6)
        return fake_quant_with_min_max_vars(given, low, high)


def simulated(plain: keras.Model) -> keras.Model:
    """The int8 computation of a model that `convert.fold.folded` made, sharing its weights.

    Its ranges are zero until `calibrate` has measured them.
    """

    def rounded(layer: keras.Layer) -> keras.Layer:
        if isinstance(layer, WEIGHTED):
            return RoundedWeights(layer)
        return type(layer).from_config(layer.get_config())

    told = {layer.name for layer in plain.layers if _has_scale(layer)}

    def call(layer: keras.Layer, *given: Any, **named: Any) -> Any:
        if isinstance(layer, layers.Dropout):
            return given[0]  # rounding is noise enough
        result = layer(*given, **named)
        return RoundedOutput(f"{layer.name}_rounded")(result) if layer.name in told else result

    made = keras.models.clone_model(plain, clone_function=rounded, call_function=call)
    return keras.Model(made.input, made.output, name=f"{plain.name}_int8")


def calibrate(simulation: keras.Model, plain: keras.Model, faces: NDArray[np.uint8]) -> None:
    """Set the ranges to the extremes of the float model on `faces`, as the converter does.

    Args:
        faces: (n, size, size, 1).
    """
    rounders = [one for one in simulation.layers if isinstance(one, RoundedOutput)]
    read = [plain.get_layer(one.name.removesuffix("_rounded")).output for one in rounders]
    watched = keras.Model(plain.inputs, ops.stack([_extremes(one) for one in read]))
    parts = [
        ops.convert_to_numpy(watched.predict_on_batch(faces[start : start + BATCH]))
        for start in range(0, len(faces), BATCH)
    ]
    low, high = np.min(parts, axis=0)[:, 0], np.max(parts, axis=0)[:, 1]
    for rounder, *extremes in zip(rounders, low, high, strict=True):
        rounder.range.assign(_nudged(*extremes))


def _nudged(low: float, high: float) -> tuple[float, float]:
    """The range moved so that one of its 256 levels is zero.

    TensorFlow would do it, too, but a zero halfway between two levels, as that of -1 to 1 is, goes
    to the upper one there and to the lower one in TFLite.
    """
    low, high = min(float(low), 0.0), max(float(high), 1e-6)
    step = (high - low) / 255
    zero = min(max(-128 - low / step, -128), 127)
    zero = math.copysign(math.floor(abs(zero) + 0.5), zero)
    return (-128 - zero) * step, (127 - zero) * step


def _extremes(given: Tensor) -> Tensor:
    return ops.stack([ops.min(given), ops.max(given)])


def _has_scale(layer: keras.Layer) -> bool:
    """Whether the file keeps this layer's output: not where a rectifier becomes part of it."""
    if isinstance(layer, SAME_SCALE):
        return False
    after = [node.operation for node in layer._outbound_nodes]
    fused = len(after) == 1 and isinstance(after[0], RECTIFIERS)
    return not (fused and isinstance(layer, (*WEIGHTED, layers.Add)))
