"""Keras to TFLite: float32, float16 or int8 weights, and int8 throughout."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.lite.python.convert import mlir_quantize
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from convert.keep_float import at_work
from convert.origins import operations, plain_interpreter
from convert.quiet import quiet
from convert.ranges import with_ranges
from convert.verify import ConversionError


def float32(model: keras.Model) -> bytes:
    """The model with a fixed batch of one, 0-255 float32 in, float32 logits out."""
    with quiet():
        return bytes(_converter(model).convert())


def float16(model: keras.Model) -> bytes:
    """The same with weights of half precision: half the bytes, widened when the file is loaded."""
    with quiet():
        converter = _converter(model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
        return bytes(converter.convert())


def dynamic(model: keras.Model) -> bytes:
    """The same with int8 weights; the ranges of what flows between are taken face by face."""
    with quiet():
        converter = _converter(model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        return bytes(converter.convert())


def int8(
    model: keras.Model, representative: NDArray[np.uint8], keep_float: Sequence[str] = ()
) -> bytes:
    """The model quantised after training: int8 in (pixel - 128), int8 logits out.

    Args:
        representative: (n, size, size, 1) faces from which the ranges are taken.
        keep_float: Names of Keras layers that are computed in float32, with their batch norm and
            activation; none leaves no float in the file.

    Raises:
        ConversionError: `keep_float` names no layer, or one that cannot stay float; or another
            cannot be quantised.
    """
    kept = at_work(model, keep_float)
    with quiet():
        converter = _converter(model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        # one face will do: `with_ranges` takes the ranges of all, and why is told there
        converter.representative_dataset = lambda: iter([[representative[:1].astype(np.float32)]])
        converter._experimental_calibrate_only = True
        calibrated = with_ranges(bytes(converter.convert()), representative)
        there = operations(plain_interpreter(calibrated))
        for name in kept:
            if name not in {one.layer for one in there}:
                raise ConversionError(f"--keep-float {name}: does no arithmetic of its own")
        # the step that the converter would take next; there it does not take a list of layers
        content = bytes(
            mlir_quantize(
                calibrated,
                input_data_type=tf.int8,
                output_data_type=tf.int8,
                denylisted_nodes=[one.tensor for one in there if one.layer in kept],
            )
        )
    _check(content, kept)
    return content


def _check(content: bytes, kept: Sequence[str]) -> None:
    """Every operation as it was asked for; what cannot be quantised must not slow a device down."""
    for one in operations(plain_interpreter(content)):
        if one.is_float and one.layer not in kept:
            raise ConversionError(f"{one.layer}: {one.kind} cannot be quantised; see --keep-float")
        if one.layer in kept and not one.is_float:
            raise ConversionError(
                f"--keep-float {one.layer}: {one.kind} only moves numbers on; "
                "name the layer before it"
            )


def _converter(model: keras.Model) -> tf.lite.TFLiteConverter:
    spec = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)
    function = tf.function(lambda faces: model(faces, training=False)).get_concrete_function(spec)
    frozen = convert_variables_to_constants_v2(function)
    return tf.lite.TFLiteConverter.from_concrete_functions([frozen])
