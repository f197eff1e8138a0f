"""The Edge TPU compiler's published rules, one by one."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from convert.edge_tpu import ON_CHIP, edge_tpu, reason
from convert.operators import Operator, Tensor, tflite_operators

FACE, ROW = (1, 8, 8, 4), (1, 16)
OUTPUT = Tensor("out", "int8", FACE, 1)


def tensor(shape=FACE, dtype="int8", **options) -> Tensor:
    return Tensor("in", dtype, shape, 1, **options)


def constant(values, dtype="int8", scales=1, shape=None) -> Tensor:
    held = np.array(values, dtype)
    return Tensor("held", dtype, held.shape if shape is None else shape, scales, held.ravel())


def operator(kind: str, *inputs: Tensor, output: Tensor = OUTPUT, **options) -> Operator:
    return Operator(kind, "out", inputs, (output,), options=options)


KERNEL = constant(np.ones((4, 3, 3, 4)), scales=4)
DENSE = constant(np.ones((7, 16)))
ANSWER = Tensor("out", "int8", (1, 7), 1)
AXES = constant([1, 2], "int32", 0)


@pytest.mark.parametrize(
    "one",
    [
        operator("ADD", tensor(), tensor()),
        operator("ADD", tensor(), constant(3)),
        operator("CONV_2D", tensor(), KERNEL, dilationWFactor=2, dilationHFactor=2),
        operator("DEPTHWISE_CONV_2D", tensor(), KERNEL),
        operator("FULLY_CONNECTED", tensor(ROW), DENSE, output=ANSWER),
        operator("MEAN", tensor(), AXES),
        operator("MEAN", tensor(), constant([-1], "int32", 0)),
        operator("PAD", tensor(), constant([[0, 0], [1, 1], [1, 1], [0, 0]], "int32", 0)),
        operator("CONCATENATION", tensor(), constant(np.zeros(FACE))),
        operator("CONCATENATION", tensor(), tensor(), tensor()),
        operator("MAX_POOL_2D", tensor(), fusedActivationFunction=0),
        operator("SOFTMAX", tensor(ROW)),
        operator("PRELU", tensor(), constant(np.ones((1, 1, 4)))),
        operator("SPLIT", constant(3, "int32", 0), tensor()),
        operator("STRIDED_SLICE", tensor(), AXES, AXES, constant([1, 1, 1, 1], "int32", 0)),
        operator("SUM", tensor((16,)), constant([0], "int32", 0)),
    ],
    ids=lambda one: one.kind,
)
def test_what_is_mapped(one):
    assert reason(one) == ""


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (operator("HARD_SWISH", tensor()), "does not know it"),
        (operator("ADD", tensor(dtype="float32"), tensor()), "float32 where int8 belongs"),
        (operator("ADD", tensor(), constant(0.5, "float32", 0)), "parameters are float"),
        (operator("ADD", tensor((-1, 8, 8, 4)), tensor()), "length is not fixed"),
        (operator("ADD", tensor((2, 8, 8, 4)), tensor()), r"shape \[2, 8, 8, 4\]: only the three"),
        (operator("CONV_2D", tensor(), tensor()), "weights are computed"),
        (operator("CONV_2D", tensor(), KERNEL, dilationWFactor=2), "dilated differently"),
        (operator("FULLY_CONNECTED", tensor(ROW), tensor(), output=ANSWER), "are computed"),
        (
            operator("FULLY_CONNECTED", tensor(ROW), DENSE, output=ANSWER, weightsFormat=1),
            "shuffled",
        ),
        (operator("FULLY_CONNECTED", tensor(ROW), DENSE), "more than one row"),
        (
            operator("FULLY_CONNECTED", tensor(ROW), replace(DENSE, scales=7), output=ANSWER),
            "scale for each output",
        ),
        (operator("MEAN", tensor(), constant([0, 1], "int32", 0)), "along the batch"),
        (operator("MEAN", tensor(), tensor()), "axes are computed"),
        (operator("MEAN", tensor((1, 8, 8, 6)), constant([3], "int32", 0)), "depth of 6"),
        (operator("PAD", tensor(), constant([[0, 1], [0, 0], [0, 0], [0, 0]])), "pads the batch"),
        (operator("PAD", tensor(), tensor()), "width is computed"),
        (operator("CONCATENATION", tensor(), constant(np.ones(FACE))), "other than one of zeros"),
        (
            operator("CONCATENATION", tensor(), tensor(), constant(np.zeros(FACE))),
            "other than one of zeros",
        ),
        (operator("MAX_POOL_2D", tensor(), fusedActivationFunction=1), "activation fused"),
        (operator("SOFTMAX", tensor((1, 2, 16))), "more than one row"),
        (operator("SOFTMAX", tensor((1, 16_001))), "more than 16,000 values"),
        (operator("PRELU", tensor(), constant(np.ones((8, 8, 4)))), "slopes differ"),
        (operator("RESIZE_BILINEAR", tensor(), AXES), "only at some sizes"),
        (operator("SPLIT", constant(0, "int32", 0), tensor()), "along the batch"),
        (
            operator("STRIDED_SLICE", tensor(), AXES, AXES, constant([1, 2, 2, 1], "int32", 0)),
            "other steps than 1",
        ),
        (operator("SUM", tensor(), constant([0], "int32", 0)), "along the batch"),
    ],
    ids=lambda one: one.kind if isinstance(one, Operator) else "",
)
def test_what_falls_back(one, told):
    assert re.search(told, reason(one))


def test_what_needs_an_operation_that_falls_back_falls_back_too():
    first = replace(operator("RELU", tensor()), outputs=(tensor_named("a"),))
    second = Operator("HARD_SWISH", "b", (tensor_named("a"),), (tensor_named("b"),))
    third = Operator("RELU", "c", (tensor_named("b"),), (tensor_named("c"),))
    told = edge_tpu([first, second, third], 1000)
    assert told["mapped"] == {"RELU": 1}
    assert [(one["operator"], one["kind"]) for one in told["falls_back"]] == [
        (1, "HARD_SWISH"),
        (2, "RELU"),
    ]
    assert told["falls_back"][1]["why"] == "comes after one that is not mapped"


def tensor_named(name: str) -> Tensor:
    return Tensor(name, "int8", FACE, 1)


@pytest.mark.parametrize(("size", "fits"), [(ON_CHIP, True), (ON_CHIP + 1, False)])
def test_weights_that_do_not_fit_on_the_chip(size, fits):
    assert edge_tpu([operator("RELU", tensor())], size)["fits_on_chip"] is fits


def test_of_the_int8_file_only_the_last_layer_stays_behind(made):
    """TensorFlow gives a dense layer one scale for each output, which the compiler never saw."""
    told = made.card["edge_tpu"]
    assert [one["kind"] for one in told["falls_back"]] == ["FULLY_CONNECTED"]
    assert told["fits_on_chip"]
    assert told["note"].endswith("input and output are int8")
    operators = tflite_operators((made.folder / "tiny-int8.tflite").read_bytes())
    assert sum(told["mapped"].values()) + 1 == len(operators)


def test_of_a_float_file_nothing_is_mapped(made):
    content = (made.folder / "tiny-float32.tflite").read_bytes()
    assert edge_tpu(tflite_operators(content), len(content))["mapped"] == {}
