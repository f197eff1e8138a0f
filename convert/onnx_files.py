"""Keras to ONNX: float32, and int8 that is static, QDQ, one scale per channel of the weights.

Dynamic quantisation would ruin the depthwise layers; static ranges come from the same faces as
the TFLite file's. Both files hold the graph as the runtime's own pre-processing leaves it, batch
norms folded and shapes inferred.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from convert.keep_float import at_work
from convert.onnx_names import named_by_place
from convert.origins import layer_of
from convert.quiet import quiet
from convert.verify import ConversionError

INPUT, OUTPUT = "face", "logits"
FUSED = ("Clip", "Relu")  # with the node before them, as in TFLite


class _Faces(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, faces: NDArray[np.uint8]) -> None:
        self._left = iter(faces)

    def get_next(self) -> dict[str, Any] | None:
        face = next(self._left, None)
        return None if face is None else {INPUT: face[None].astype(np.float32)}


def float32(model: keras.Model, folder: Path) -> bytes:
    """The model with a fixed batch of one, 0-255 float32 in, float32 logits out.

    Args:
        folder: For the files on the way, which are left there.
    """
    return _content(_prepared(model, folder))


def int8(
    model: keras.Model,
    representative: NDArray[np.uint8],
    folder: Path,
    keep_float: Sequence[str] = (),
) -> bytes:
    """The model quantised after training: 0-255 float32 in, float32 logits out, int8 between.

    Args:
        representative: (n, size, size, 1) faces from which the ranges are taken.
        folder: For the files on the way, which are left there.
        keep_float: Names of Keras layers that are computed in float32, with their batch norm and
            activation.

    Raises:
        ConversionError: `keep_float` names no layer, or one of which nothing is left in the file.
    """
    kept = at_work(model, keep_float)
    prepared, done = _prepared(model, folder), folder / "int8.onnx"
    excluded = _nodes_of(kept, onnx.load(prepared).graph)
    with quiet():
        quantize_static(
            prepared,
            done,
            _Faces(representative),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=excluded,
        )
    return _content(done)


def _prepared(model: keras.Model, folder: Path) -> Path:
    exported, prepared = folder / "export.onnx", folder / "prepared.onnx"
    signature = [keras.InputSpec(shape=(1, *model.input_shape[1:]), dtype="float32", name=INPUT)]
    with quiet():
        model.export(exported, format="onnx", input_signature=signature, verbose=False)
        quant_pre_process(exported, prepared, skip_symbolic_shape=True)
    return prepared


def _nodes_of(kept: Sequence[str], graph: onnx.GraphProto) -> list[str]:
    """Names of the nodes that these layers became, with the activations after them."""
    constants = {one.name for one in graph.initializer}
    nodes: dict[str, list[str]] = {name: [] for name in kept}
    written: set[str] = set()
    for node in graph.node:
        weights = [name for name in node.input[1:2] if name in constants]
        layer = layer_of([node.name, *weights])
        if layer in nodes:
            nodes[layer].append(node.name)
            written.update(node.output)
    for name, found in nodes.items():
        if not found:
            raise ConversionError(f"--keep-float {name}: does no arithmetic of its own in ONNX")
    after = [one.name for one in graph.node if one.op_type in FUSED and one.input[0] in written]
    return [name for found in nodes.values() for name in found] + after


def _content(path: Path) -> bytes:
    made = onnx.load(path)
    made.graph.CopyFrom(named_by_place(made.graph, INPUT, OUTPUT))
    return bytes(made.SerializeToString(deterministic=True))
