"""Keras to TFLite: float32, and int8 throughout with one scale per channel."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from convert.quiet import quiet


def float32(model: keras.Model) -> bytes:
    """The model with a fixed batch of one, 0-255 float32 in, float32 logits out."""
    with quiet():
        return bytes(_converter(model).convert())


def int8(model: keras.Model, representative: NDArray[np.uint8]) -> bytes:
    """The model quantised after training: int8 in (pixel - 128), int8 logits out.

    Args:
        representative: (n, size, size, 1) faces from which the ranges are taken.
    """

    def samples() -> Iterator[list[NDArray[np.float32]]]:
        for face in representative:
            yield [face[None].astype(np.float32)]

    with quiet():
        converter = _converter(model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = samples
        # no float fall-back: what cannot be quantised must fail here, not slow a device down
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
        return bytes(converter.convert())


def _converter(model: keras.Model) -> tf.lite.TFLiteConverter:
    spec = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)
    function = tf.function(lambda faces: model(faces, training=False)).get_concrete_function(spec)
    frozen = convert_variables_to_constants_v2(function)
    return tf.lite.TFLiteConverter.from_concrete_functions([frozen])
