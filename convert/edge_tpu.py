"""What Google's Edge TPU compiler would make of an int8 file, by the rules it publishes.

The compiler is no part of this project: it runs on x86-64 Linux only and was last released in 2021.
Its rules are these (coral.ai/docs/edgetpu/models-intro): every tensor is int8 or uint8 (a bias
int32), lengths and parameters are fixed, at most the three innermost lengths exceed 1, and an
operation is one of a list, some with limits of their own. The first operation that breaks a rule
ends the part that is mapped: it and all that depend on it run on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convert.operators import Operator, Tensor, counts

INPUTS_AND_OUTPUTS = {"int8", "uint8"}
MOST_SOFTMAX = 16_000
ON_CHIP = 8 * 2**20  # bytes for weights; what is larger is sent anew for every face
DEPTH_STEP = 4
NOTE = "judged by the compiler's published rules, not by running it; input and output are {}"

Rule = Callable[[Operator], str]  # what is against mapping it, "" if nothing


def edge_tpu(operators: Sequence[Operator], size: int) -> dict[str, Any]:
    """Which operations of a TFLite file would be mapped, for the card.

    Args:
        operators: As `convert.operators.tflite_operators` found them.
        size: Of the file, in bytes.

    Returns:
        `mapped`, counts by kind; `falls_back`, for each operation left to the CPU its place
        `operator` (from 0), `kind` and `why`; `fits_on_chip` and `note`.
    """
    left, mapped, late = [], [], set[str]()
    for place, one in enumerate(operators):
        why = reason(one)
        if not why and late.intersection(tensor.name for tensor in one.inputs):
            why = "comes after one that is not mapped"
        if why:
            left.append({"operator": place, "kind": one.kind, "why": why})
            late.update(tensor.name for tensor in one.outputs)
        else:
            mapped.append(one)
    return {
        "mapped": counts(mapped),
        "falls_back": left,
        "fits_on_chip": size <= ON_CHIP,
        "note": NOTE.format(operators[0].inputs[0].dtype),
    }


def reason(operator: Operator) -> str:
    """What keeps one operation from the Edge TPU; "" if nothing does."""
    if operator.kind not in RULES:
        return "the compiler does not know it"
    return _tensors(operator) or RULES[operator.kind](operator)


def _tensors(operator: Operator) -> str:
    computed = [one for one in (*operator.inputs, *operator.outputs) if one.value is None]
    for tensor in computed:
        if tensor.dtype not in INPUTS_AND_OUTPUTS:
            return f"{tensor.dtype} where int8 belongs"
        if min(tensor.shape, default=1) < 1:
            return "a length is not fixed"
        if max(tensor.shape[:-3], default=1) > 1:
            return f"shape {list(tensor.shape)}: only the three innermost lengths may exceed 1"
    if any(tensor.is_float for tensor in operator.inputs):
        return "its parameters are float"
    return ""


def _any(_: Operator) -> str:
    return ""


def _unfused(one: Operator) -> str:
    return "has an activation fused into it" if one.options.get("fusedActivationFunction") else ""


def _concatenation(one: Operator) -> str:
    fixed = [tensor for tensor in one.inputs if tensor.value is not None]
    if fixed and (len(one.inputs) != 2 or any(tensor.value.any() for tensor in fixed)):
        return "joins a constant other than one of zeros"
    return _unfused(one)


def _convolution(one: Operator) -> str:
    across, down = (one.options.get(f"dilation{side}Factor", 1) for side in "WH")
    if one.inputs[1].value is None:
        return "its weights are computed"
    return "" if across == down else "is dilated differently across and down"


def _dense(one: Operator) -> str:
    weights = one.inputs[1]
    if weights.value is None:
        return "its weights are computed"
    if one.options.get("weightsFormat"):
        return "its weights are shuffled"
    if max(one.outputs[0].shape[:-1], default=1) > 1:
        return "tells more than one row"
    if weights.scales > 1:  # TFLite's 8-bit specification had one for the tensor when it was built
        return "has a scale for each output, which is younger than the compiler"
    return ""


def _reduction(one: Operator) -> str:
    return _in_batch(one, one.inputs[1])


def _mean(one: Operator) -> str:
    if against := _reduction(one):
        return against
    shape = one.inputs[0].shape
    if len(shape) - 1 in _axes(one.inputs[1], len(shape)) and shape[-1] % DEPTH_STEP:
        return f"averages a depth of {shape[-1]}, no multiple of {DEPTH_STEP}"
    return ""


def _in_batch(one: Operator, told: Tensor) -> str:
    if told.value is None:
        return "its axes are computed"
    axes = _axes(told, len(one.inputs[0].shape))
    # the leading length of a vector is its own, not the batch's
    return "works along the batch" if 0 in axes and len(one.inputs[0].shape) > 1 else ""


def _axes(told: Tensor, rank: int) -> list[int]:
    return [int(axis) % rank for axis in np.ravel(told.value)]


def _pad(one: Operator) -> str:
    if one.inputs[1].value is None:
        return "its width is computed"
    return "pads the batch" if np.reshape(one.inputs[1].value, (-1, 2))[0].any() else ""


def _prelu(one: Operator) -> str:
    return "" if max(one.inputs[1].shape[:-1], default=1) == 1 else "its slopes differ by place"


def _resize(_: Operator) -> str:
    return "is mapped only at some sizes, which are not published"


def _softmax(one: Operator) -> str:
    shape = one.inputs[0].shape
    if max(shape[:-1], default=1) > 1:
        return "is taken of more than one row"
    return "" if shape[-1] <= MOST_SOFTMAX else f"is taken of more than {MOST_SOFTMAX:,} values"


def _split(one: Operator) -> str:
    return _in_batch(Operator(one.kind, one.name, one.inputs[::-1], one.outputs), one.inputs[0])


def _strided_slice(one: Operator) -> str:
    steps = one.inputs[3].value if len(one.inputs) > 3 else None
    return "" if steps is not None and (steps == 1).all() else "takes other steps than 1"


RULES: dict[str, Rule] = {
    **dict.fromkeys(
        ("ADD", "EXPAND_DIMS", "L2_NORMALIZATION", "LOGISTIC", "MAXIMUM", "MINIMUM", "MUL"), _any
    ),
    **dict.fromkeys(("PACK", "QUANTIZE", "RELU", "RELU6", "RELU_N1_TO_1", "RESHAPE"), _any),
    **dict.fromkeys(("RSQRT", "SLICE", "SPACE_TO_DEPTH", "SQUARED_DIFFERENCE", "SQUEEZE"), _any),
    **dict.fromkeys(("SUB", "TANH", "TRANSPOSE", "TRANSPOSE_CONV"), _any),
    **dict.fromkeys(("AVERAGE_POOL_2D", "MAX_POOL_2D"), _unfused),
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D"), _convolution),
    **dict.fromkeys(("REDUCE_MAX", "REDUCE_MIN", "SUM"), _reduction),
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"), _resize),
    "CONCATENATION": _concatenation,
    "FULLY_CONNECTED": _dense,
    "MEAN": _mean,
    "PAD": _pad,
    "PRELU": _prelu,
    "SOFTMAX": _softmax,
    "SPLIT": _split,
    "STRIDED_SLICE": _strided_slice,
}
