"""Keras to int8 ONNX: static, QDQ, one scale per channel of the weights.

Dynamic quantisation would ruin the depthwise layers; static ranges come from the same faces as
the TFLite file's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from convert.quiet import quiet

INPUT, OUTPUT = "face", "logits"


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
    with quiet():
        model.export(exported, format="onnx", input_signature=signature, verbose=False)
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
    quantised = onnx.load(done)
    quantised.graph.CopyFrom(_named_by_place(quantised.graph))
    return bytes(quantised.SerializeToString(deterministic=True))


def _named_by_place(graph: onnx.GraphProto) -> onnx.GraphProto:
    """The same graph with nodes in order and tensors named by their way to the output.

    The exporter numbers names from where its process stands and walks unordered sets, so without
    this the same model would never give the same bytes.
    """
    maker = {name: node for node in graph.node for name in node.output}
    names = {INPUT: INPUT, "": ""}  # the empty name is an input left out
    nodes, waiting = [], [graph.output[0].name]
    while waiting:
        node = maker.get(waiting[-1])
        unnamed = [name for name in node.input if name not in names] if node else []
        if unnamed:
            waiting.append(unnamed[0])
            continue
        names[waiting.pop()] = f"tensor_{len(names)}"
        if node:
            nodes.append(node)
    names[graph.output[0].name] = graph.output[0].name = OUTPUT
    constants = {one.name: one for one in graph.initializer}
    kept = [constants[name] for name in names if name in constants]
    for constant in kept:
        constant.name = names[constant.name]
    for index, node in enumerate(nodes):
        node.name = f"{node.op_type}_{index}"
        node.input[:] = [names[name] for name in node.input]
        node.output[:] = [names[name] for name in node.output]
    return onnx.helper.make_graph(nodes, "expression", graph.input, graph.output, kept)
