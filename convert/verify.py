"""What must hold before a card is written; a file that fails is not shipped.

The bounds, and what the shipped model has on the 3,589 faces of PublicTest: float32 TFLite differs
from Keras by 0.000004 at the most (which interpreter and which batch Keras runs in make no odds).
Weights of float16 are off by 0.01, and 0.1% of the faces get another label; with dynamic ranges
0.4% do, in int8 0.7%.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convert.operators import (
    QUANTISERS,
    Operator,
    counts,
    onnx_floats,
    onnx_operators,
    tflite_floats,
    tflite_operators,
)
from convert.origins import layer_of
from convert.plan import MAX_DROP
from convert.proof import Distance, FloatModel, Logits, Proof, distance
from edge.errors import ModelError
from edge.vision.expression import ExpressionModel
from train.data import FaceSet

PARITY = 1e-4  # on logits of float32 files, between -10 and 10; beyond, of the largest
# Share of faces that must get the float model's label, whatever accuracy comes to.
AGREEMENT = {"float32": 0.995, "float16": 0.98, "dynamic": 0.9, "int8": 0.85}
QUANTISED = ("dynamic", "int8")
WITH_WEIGHTS = {"Conv", "ConvTranspose", "Gemm", "MatMul"}
REMEDY = (
    "let it be fine-tuned, or for longer (--aware auto, --aware-minutes), or raise --max-drop: "
    "NAME-layers.csv, written then, shows which layers to name to --keep-float"
)


class ConversionError(ModelError):
    """A converted file cannot be made, or does not do what the float model does."""


class AccuracyError(ConversionError):
    """A quantised file is too far from the float model; fine-tuning may help."""


def verify(
    model: ExpressionModel,
    reference: FloatModel,
    max_drop: float = MAX_DROP,
    kept: Sequence[str] = (),
) -> Proof:
    """Hold a file against the float model that it was made from.

    Args:
        max_drop: Accuracy, 0 to 1, that a quantised file may lose under either label set.
        kept: Names of the layers that were to stay float in an int8 file.

    Raises:
        AccuracyError: it was quantised, and is too far from the float model.
        ConversionError: it is broken in any other way.
    """
    name, about = model.path.name, model.card.files[model.path.name]
    precision = about["precision"]
    operators = _operators(model)
    in_float: list[str] = []
    if precision == "int8":
        in_float = check_int8(operators, about["format"], name, kept)
    check_steady(model, reference.faces)
    logits = model.logits(list(reference.faces.images))
    found = distance(reference, logits)
    if precision == "float32":
        check_parity(reference.logits, logits, name)
    if precision in QUANTISED:
        check_drop(found, name, max_drop)
    check_agreement(found, name, precision)
    return Proof(found, counts(operators), tuple(in_float))


def _operators(model: ExpressionModel) -> list[Operator]:
    content = model.path.read_bytes()
    is_onnx = model.card.files[model.path.name]["format"] == "onnx"
    return onnx_operators(content) if is_onnx else tflite_operators(content)


def check_parity(reference: Logits, logits: Logits, name: str) -> None:
    """Refuse a float32 file whose (n, k) logits are not the Keras model's.

    Raises:
        ConversionError: one differs by more than float arithmetic explains.
    """
    largest = np.abs(reference - logits).max()
    allowed = PARITY * max(1.0, float(np.abs(reference).max()) / 10)
    if not largest <= allowed:  # asked this way round, nan fails
        raise ConversionError(
            f"{name}: logits differ from the Keras model's by up to {largest:.2g} "
            f"(allowed {allowed:.2g}); nothing was written"
        )


def check_drop(found: Distance, name: str, max_drop: float = MAX_DROP) -> None:
    """Refuse a file that reads faces worse than the float model.

    Raises:
        AccuracyError: more than `max_drop`, 0 to 1, is lost under one of the label sets.
    """
    for labels, drop in found.drop.items():
        if not drop.lost <= max_drop:
            raise AccuracyError(
                f"{name}: {100 * drop.lost:.2f} points of accuracy lost on PublicTest, {labels} "
                f"labels (allowed {100 * max_drop:.2f}); {REMEDY}"
            )


def check_agreement(found: Distance, name: str, precision: str) -> None:
    """Refuse a file that gives other answers, even where they are as often right.

    Raises:
        AccuracyError: a quantised file does; ConversionError, a float one.
    """
    if not found.agreement >= AGREEMENT[precision]:
        error = AccuracyError if precision in QUANTISED else ConversionError
        raise error(
            f"{name}: tells the float model's label of only {found.agreement:.1%} of PublicTest "
            f"(at least {AGREEMENT[precision]:.1%} asked); nothing was written"
        )


def check_int8(
    operators: Sequence[Operator], container: str, name: str, kept: Sequence[str] = ()
) -> list[str]:
    """Look for float in a file that is meant to be int8.

    An ONNX file has lost the names of its layers, so there it is counted.

    Returns:
        The operations that were to stay float, as "kind name".

    Raises:
        ConversionError: there are others; names them.
    """
    if container == "onnx":
        floats = onnx_floats(operators)
        weighty = [one for one in floats if one.kind in WITH_WEIGHTS]
        strangers = weighty[len(kept) :] if kept else floats
    else:
        floats = tflite_floats(operators)
        between = QUANTISERS if kept else set()
        strangers = [one for one in floats if one.kind not in between and layer(one) not in kept]
        floats = [one for one in floats if one.kind not in QUANTISERS]
    if strangers:
        told = ", ".join(f"{one.kind} {one.name}" for one in strangers[:5])
        raise ConversionError(f"{name}: still float: {told}; nothing was written")
    return [f"{one.kind} {layer(one)}" for one in floats]


def layer(operator: Operator) -> str:
    """The Keras layer of a TFLite operation; of an ONNX one its name."""
    weights = [one.name for one in operator.inputs[1:2] if "/" in one.name]
    return layer_of([operator.name, *weights])


def check_steady(model: ExpressionModel, faces: FaceSet, seed: int = 0) -> None:
    """Feed noise, black, white and odd sizes.

    Raises:
        ConversionError: an output is not a row of probabilities.
    """
    rng = np.random.default_rng(seed)
    odd: Sequence[NDArray[np.uint8]] = [
        rng.integers(0, 256, shape, dtype=np.uint8)
        for shape in ((1, 1), (2, 300), (48, 48), (500, 7), (640, 640))
    ]
    plain = [np.full((48, 48), level, np.uint8) for level in (0, 128, 255)]
    told = model.predict([*odd, *plain, *faces.images[:8]])
    if not np.isfinite(told).all() or np.abs(told.sum(axis=1) - 1).max() > 1e-4:
        raise ConversionError(f"{model.path.name}: returns no probabilities for some input")
