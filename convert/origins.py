"""Which layer of the Keras model each operation of a converted file comes from.

The converter fuses a convolution, its batch norm and its ReLU into one operation, and names its
output after all three, by the scopes of the traced graph:
`mini_1/stem_relu_1/Relu6;mini_1/stem_conv_1/convolution`. An operation is called here by the layer
that does the arithmetic, `stem_conv`: the name that a person finds in `model.summary()`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

# How TensorFlow calls the arithmetic of the layers that have weights.
ARITHMETIC = ("convolution", "depthwise", "MatMul")
BETWEEN = ("QUANTIZE", "DEQUANTIZE")  # from one precision to another; no layer's work
COUNTED = re.compile(r"_\d+$")  # a scope is opened twice, so its name ends in the count


@dataclass(frozen=True)
class Operation:
    """One operation of a file, but for those that only change the precision.

    Attributes:
        kind: As TFLite calls it: `DEPTHWISE_CONV_2D`.
        layer: The name of the Keras layer.
        tensor: The name of its output in the file.
        output: The index of its output, of which only the first is looked at.
        constants: The indices of those inputs that are the layer's own: weights and bias.
        is_float: Whether the output is float32.
    """

    kind: str
    layer: str
    tensor: str
    output: int
    constants: tuple[int, ...]
    is_float: bool

    @property
    def weights(self) -> int | None:
        """The index of the weights, of a convolution or a dense layer."""
        return self.constants[0] if self.constants else None


def plain_interpreter(content: bytes) -> Interpreter:
    """An interpreter in which every operation and every tensor between them can be looked at.

    Raises:
        ValueError: `content` is no TFLite file; RuntimeError where half of one is.
    """
    interpreter = Interpreter(
        model_content=content,
        num_threads=1,
        # a delegate would swallow the operations and keep its tensors to itself
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    return interpreter


def operations(interpreter: Interpreter) -> list[Operation]:
    """The operations in the order in which they run."""
    tensors = {one["index"]: one for one in interpreter.get_tensor_details()}
    told = interpreter._get_ops_details()  # the only way to them from Python
    return [_operation(one, tensors) for one in told if one["op_name"] not in BETWEEN]


def layer_of(names: list[str]) -> str:
    """The layer that does the arithmetic, from the names of what an operation touches.

    Args:
        names: The output's first, then those of constants; each may join several with `;`.
    """
    parts = [part for name in names for part in name.split(";") if "/" in part]
    scopes = sorted((part.split("/") for part in parts), key=_is_arithmetic, reverse=True)
    if not scopes:
        return names[0]
    return COUNTED.sub("", scopes[0][1] if len(scopes[0]) > 2 else scopes[0][0])


def _is_arithmetic(scopes: list[str]) -> bool:
    return any(scope.startswith(ARITHMETIC) for scope in scopes[2:])


def _operation(told: dict[str, Any], tensors: dict[int, dict[str, Any]]) -> Operation:
    inputs = [int(index) for index in told["inputs"] if index in tensors]  # -1: a bias left out
    output = tensors[int(told["outputs"][0])]
    constants = tuple(inputs[1:]) if _has_weights(told["op_name"]) else ()
    # the last output of all has lost its name, but its weights have not
    weights = [tensors[index]["name"] for index in constants[:1]]
    return Operation(
        kind=told["op_name"],
        layer=layer_of([output["name"], *weights]),
        tensor=output["name"],
        output=output["index"],
        constants=constants,
        is_float=output["dtype"] == np.float32,
    )


def _has_weights(kind: str) -> bool:
    return "CONV" in kind or kind == "FULLY_CONNECTED"
