"""The ranges of what flows between layers, from which the quantiser takes its scales.

TFLite's own calibrator reads them from an interpreter that computes sums in place: where a layer's
output is overwritten by the sum of it and something else, it takes the extremes of both for the
layer's (TensorFlow 2.21). With residual sums that costs half of a bottleneck's levels, and with a
scaled input a third of the pixels' grey levels. So they are read here again, each from a tensor of
its own.
"""

from __future__ import annotations

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from convert.origins import operations, plain_interpreter

IDENTIFIER = b"TFL3"
Extremes = dict[str, tuple[float, float]]


def with_ranges(calibrated: bytes, faces: NDArray[np.uint8]) -> bytes:
    """A float file with ranges in which the ranges are those of `faces`.

    Args:
        calibrated: What the converter makes where it is to calibrate only.
        faces: (n, size, size, 1).
    """
    found = extremes(calibrated, faces)
    model = schema.ModelT.InitFromPackedBuf(calibrated, 0)
    for tensor in model.subgraphs[0].tensors:
        if tensor.name.decode() in found:
            low, high = found[tensor.name.decode()]
            tensor.quantization.min = np.array([low], np.float32)
            tensor.quantization.max = np.array([high], np.float32)
    builder = flatbuffers.Builder(len(calibrated))
    builder.Finish(model.Pack(builder), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def extremes(content: bytes, faces: NDArray[np.uint8]) -> Extremes:
    """The least and the greatest value of the input and of each operation's output, by name.

    Args:
        content: A float TFLite file that takes 0-255.
        faces: (n, size, size, 1).
    """
    interpreter = plain_interpreter(content)
    given = interpreter.get_input_details()[0]
    watched = {given["name"]: given["index"]}
    watched |= {one.tensor: one.output for one in operations(interpreter)}
    lows, highs = [], []
    for face in faces:
        interpreter.set_tensor(given["index"], face[None].astype(np.float32))
        interpreter.invoke()
        values = [interpreter.get_tensor(index) for index in watched.values()]
        lows.append([value.min() for value in values])
        highs.append([value.max() for value in values])
    bounds = zip(np.min(lows, axis=0).tolist(), np.max(highs, axis=0).tolist(), strict=True)
    return dict(zip(watched, bounds, strict=True))
