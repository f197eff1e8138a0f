"""Where int8 loses what the float file knew: signal-to-noise, layer by layer.

Both files run on the same faces, and what each layer hands on is compared. Noise is handed on too,
so two more figures tell what a layer adds to it: how well its weights, and its output, could be
told in int8 if all before it were exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from convert.layer_values import as_told, run, values
from convert.origins import Operation, operations, plain_interpreter
from convert.verify import ConversionError

Array = NDArray[Any]


@dataclass(frozen=True)
class Layer:
    """One operation of the int8 file beside the same of the float file.

    Signal-to-noise is 10 log10 of the sum of x^2 over the sum of (x - x')^2, in decibels: 20 is a
    noise of a tenth, 40 of a hundredth; infinite where there is none.

    Attributes:
        layer: The Keras layer; `--keep-float` takes the name.
        operation: As TFLite calls it.
        shape: Of the output, `10x10x192`.
        snr: Of the output as the file runs, with the noise of all layers before it.
        output_snr: Of the float file's output, rounded to the int8 file's scale; None where the
            layer stays float.
        weights_snr: Of the weights; None where there are none or they stay float.
        spread: How many times wider the widest channel of the weights is than the narrowest.
        weight_bytes: Of weights and biases in the int8 file.
    """

    layer: str
    operation: str
    shape: str
    snr: float
    output_snr: float | None
    weights_snr: float | None
    spread: float | None
    weight_bytes: int


def measure(float32: bytes, int8: bytes, faces: NDArray[np.uint8]) -> list[Layer]:
    """Compare two TFLite files of one model on some tens of faces, in the order of the graph.

    Args:
        faces: (n, size, size, 1), as the model takes them.

    Raises:
        ConversionError: the two files do not have the same operations.
    """
    exact, rounded = plain_interpreter(float32), plain_interpreter(int8)
    pairs = list(zip(operations(exact), operations(rounded), strict=False))
    lengths = {len(operations(one)) for one in (exact, rounded)}
    if len(lengths) > 1 or any(one.kind != other.kind for one, other in pairs):
        raise ConversionError("the float32 and the int8 file are not of one model; convert again")
    sums = np.zeros((len(pairs), 3))  # of the signal, of the noise, of the output's own rounding
    for face in faces:
        for interpreter in (exact, rounded):
            run(interpreter, face)
        sums += [_powers(exact, one, rounded, other) for one, other in pairs]
    return [
        _layer(exact, one, rounded, other, row)
        for row, (one, other) in zip(sums, pairs, strict=True)
    ]


def _powers(
    exact: Interpreter, one: Operation, rounded: Interpreter, other: Operation
) -> tuple[float, float, float]:
    wanted = exact.get_tensor(one.output).astype(np.float64)
    noise = wanted - values(rounded, other.output)
    own = wanted - as_told(wanted, rounded, other)
    return float((wanted**2).sum()), float((noise**2).sum()), float((own**2).sum())


def _layer(
    exact: Interpreter, one: Operation, rounded: Interpreter, other: Operation, sums: Array
) -> Layer:
    signal, noise, own = (float(value) for value in sums)
    weights_snr = spread = None
    if one.weights is not None and other.weights is not None:
        wanted, told = exact.get_tensor(one.weights), values(rounded, other.weights)
        spread = _spread(wanted, one.kind)
        if not other.is_float:
            weights_snr = _decibels((wanted**2).sum(), ((wanted - told) ** 2).sum())
    return Layer(
        layer=other.layer,
        operation=one.kind,
        shape="x".join(str(length) for length in exact.get_tensor(one.output).shape[1:]),
        snr=_decibels(signal, noise),
        output_snr=None if other.is_float else _decibels(signal, own),
        weights_snr=weights_snr,
        spread=spread,
        weight_bytes=sum(rounded.get_tensor(index).nbytes for index in other.constants),
    )


def _spread(weights: Array, kind: str) -> float | None:
    channels = weights.ndim - 1 if kind == "DEPTHWISE_CONV_2D" else 0
    widest = np.abs(np.moveaxis(weights, channels, 0)).reshape(weights.shape[channels], -1).max(1)
    alive = widest[widest > 0]  # a channel of zeros costs nothing
    return float(alive.max() / alive.min()) if len(alive) else None


def _decibels(signal: float, noise: float) -> float:
    if noise == 0:
        return float("inf")
    return float(10 * np.log10(signal / noise)) if signal > 0 else float("-inf")
