"""Keras to int8 ONNX: static, QDQ, one scale per channel of the weights.

Dynamic quantisation would ruin the depthwise layers; static ranges come from the same faces as
the TFLite file's.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

INPUT = "face"


class _Faces(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, faces: NDArray[np.uint8]) -> None:
        self._left = iter(faces)

    def get_next(self) -> dict[str, Any] | None:
        face = next(self._left, None)
        return None if face is None else {INPUT: face[None].astype(np.float32)}


def int8(model: keras.Model, representative: NDArray[np.uint8], folder: Path) -> bytes:
    """The model quantised after training: 0-255 float32 in, float32 logits out, int8 between.

    Args:
        representative: (n, size, size, 1) faces from which the ranges are taken.
        folder: For the files on the way, which are left there.
    """
    exported, prepared, done = (folder / f"{name}.onnx" for name in ("export", "prepared", "int8"))
    signature = [keras.InputSpec(shape=(1, *model.input_shape[1:]), dtype="float32", name=INPUT)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own, about numpy names it looks for
        model.export(exported, format="onnx", input_signature=signature, verbose=False)
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # the quantiser advises a step that has been taken
    try:
        quant_pre_process(exported, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            done,
            _Faces(representative),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
        )
    finally:
        root.setLevel(level)
    return done.read_bytes()
