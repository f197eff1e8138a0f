"""What a converted file computes: its operations, and which of them are done in float."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema

QUANTISERS = {"QUANTIZE", "DEQUANTIZE", "QuantizeLinear", "DequantizeLinear"}
FLOATS = {"float16", "float32", "float64", "bfloat16"}
# ONNX operations that hand a tensor's values on as they are
MOVERS = {"Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Identity"}
RECTIFIERS = {"Relu", "Clip"}


@dataclass(frozen=True)
class Tensor:
    """One input or output of an operation.

    Attributes:
        dtype: As numpy calls it.
        shape: -1 where a length is not fixed.
        scales: How many scales it is quantised with; 0 for none, more than 1 is by channel.
        value: What it holds, if that is constant.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    scales: int = 0
    value: Any = None

    @property
    def is_float(self) -> bool:
        """Whether it holds floating-point numbers."""
        return self.dtype in FLOATS


@dataclass(frozen=True)
class Operator:
    """One operation of a file.

    Attributes:
        kind: As the format calls it: `CONV_2D`, `Conv`.
        name: Of what it computes, in which a TFLite file keeps the names of Keras' layers.
        options: The format's own attributes.
    """

    kind: str
    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    version: int = 1
    options: dict[str, Any] = field(default_factory=dict)


def counts(operators: Iterable[Operator]) -> dict[str, int]:
    """How many there are of each kind, by name."""
    return dict(sorted(Counter(one.kind for one in operators).items()))


def tflite_operators(content: bytes) -> list[Operator]:
    """The operations of a TFLite file's first graph, in the order of execution."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    tensors = [_tflite_tensor(one, model.buffers) for one in graph.tensors]
    kinds = {code: name for name, code in vars(schema.BuiltinOperator).items() if name[0] != "_"}
    found = []
    for one in graph.operators:
        code = model.operatorCodes[one.opcodeIndex]
        outputs = tuple(tensors[index] for index in one.outputs)
        found.append(
            Operator(
                # codes above 127 have a field of their own
                kind=kinds[max(code.builtinCode, code.deprecatedBuiltinCode)],
                name=outputs[0].name if outputs else "",
                inputs=tuple(tensors[index] for index in one.inputs if index >= 0),
                outputs=outputs,
                version=code.version,
                options=dict(vars(one.builtinOptions)) if one.builtinOptions else {},
            )
        )
    return found


def _tflite_tensor(told: Any, buffers: Sequence[Any]) -> Tensor:
    dtype = _TFLITE_TYPES.get(told.type, "other")
    scale = None if told.quantization is None else told.quantization.scale
    data = buffers[told.buffer].data
    value = None
    if data is not None and len(data) and dtype != "other":
        value = np.frombuffer(bytes(bytearray(data)), dtype)
    lengths = told.shape if told.shapeSignature is None else told.shapeSignature
    return Tensor(
        told.name.decode() if isinstance(told.name, bytes) else str(told.name or ""),
        dtype,
        tuple(int(length) for length in lengths) if lengths is not None else (),
        0 if scale is None else len(scale),
        value,
    )


_TFLITE_TYPES = {
    getattr(schema.TensorType, name.upper()): name
    for name in ("float16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64")
} | {schema.TensorType.BOOL: "bool"}


def onnx_operators(content: bytes) -> list[Operator]:
    """The operations of an ONNX file, in the order of execution; types only of what is constant.

    A tensor that is computed has the type `float32` where no quantiser made it.
    """
    graph = onnx.load_from_string(content).graph
    known = {one.name: _onnx_constant(one) for one in graph.initializer}
    found = []
    for node in graph.node:
        dtype = "int8" if node.op_type == "QuantizeLinear" else "float32"
        given = tuple(known.get(name, Tensor(name, "float32", ())) for name in node.input if name)
        told = tuple(Tensor(name, dtype, ()) for name in node.output)
        known |= {one.name: one for one in told}
        found.append(Operator(node.op_type, node.name, given, told))
    return found


def _onnx_constant(told: onnx.TensorProto) -> Tensor:
    value = onnx.numpy_helper.to_array(told)
    return Tensor(told.name, str(value.dtype), value.shape, value=value)


def tflite_floats(operators: Iterable[Operator]) -> list[Operator]:
    """Those that read or write floating-point numbers, the quantisers among them."""
    return [
        one for one in operators if any(tensor.is_float for tensor in (*one.inputs, *one.outputs))
    ]


def onnx_floats(operators: Sequence[Operator]) -> list[Operator]:
    """Those that an interpreter must compute in float.

    In a QDQ file an operation is done in int8 where dequantisers stand before it and a quantiser
    behind it; a rectifier may stand between, which the interpreter makes part of it. Operations
    that only move values are passed over.
    """
    read_by: dict[str, list[str]] = {}
    for one in operators:
        for tensor in one.inputs:
            read_by.setdefault(tensor.name, []).append(one.kind)
    from_int8, from_int8_arithmetic, found = set[str](), set[str](), []
    for one in operators:
        given = [tensor.name for tensor in one.inputs if tensor.value is None]
        told = {tensor.name for tensor in one.outputs}
        if one.kind in QUANTISERS:
            from_int8 |= told if one.kind == "DequantizeLinear" else set()
        elif one.kind in MOVERS:
            from_int8 |= told if from_int8.issuperset(given) else set()
        elif _quantised(one, given, from_int8, from_int8_arithmetic, read_by):
            from_int8_arithmetic |= told
        else:
            found.append(one)
    return found


def _quantised(
    one: Operator,
    given: list[str],
    from_int8: set[str],
    from_int8_arithmetic: set[str],
    read_by: dict[str, list[str]],
) -> bool:
    if one.kind in RECTIFIERS:
        allowed = from_int8 | from_int8_arithmetic
    elif any(tensor.value is not None and tensor.is_float for tensor in one.inputs):
        return False  # weights of an int8 operation come from a dequantiser, too
    else:
        allowed = from_int8
    readers = {kind for tensor in one.outputs for kind in read_by.get(tensor.name, ["nothing"])}
    return allowed.issuperset(given) and readers <= {"QuantizeLinear"} | RECTIFIERS | MOVERS
