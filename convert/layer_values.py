"""What a tensor of a TFLite file stands for, and running one face through the file."""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from convert.origins import Operation

Array = NDArray[Any]


def run(interpreter: Interpreter, face: NDArray[np.uint8]) -> None:
    """Run one (size, size, 1) face, quantised as the file's input asks."""
    given = interpreter.get_input_details()[0]
    values = face[None].astype(np.float32)
    if given["dtype"] == np.int8:
        scale, zero = given["quantization"]
        values = np.clip(np.round(values / scale + zero), -128, 127).astype(np.int8)
    interpreter.set_tensor(given["index"], values)
    interpreter.invoke()


def values(interpreter: Interpreter, index: int) -> Array:
    """A tensor as the numbers it stands for, float64."""
    told = interpreter._get_tensor_details(index, 0)["quantization_parameters"]
    held = np.asarray(interpreter.get_tensor(index), np.float64)
    if not len(told["scales"]):
        return held
    shape = [1] * held.ndim
    if len(told["scales"]) > 1:
        shape[told["quantized_dimension"]] = -1
    return np.asarray((held - told["zero_points"].reshape(shape)) * told["scales"].reshape(shape))


def as_told(wanted: Array, interpreter: Interpreter, one: Operation) -> Array:
    """These values as the output of `one` would tell them; as they are where that is float."""
    if one.is_float:
        return wanted
    scale, zero = interpreter._get_tensor_details(one.output, 0)["quantization"]
    return np.asarray((np.clip(np.round(wanted / scale + zero), -128, 127) - zero) * scale)
