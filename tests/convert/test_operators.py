"""What a file computes, read from its own graph."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from convert.operators import (
    counts,
    onnx_floats,
    onnx_operators,
    tflite_floats,
    tflite_operators,
)


def tflite(made, precision: str):
    return tflite_operators((made.folder / f"tiny-{precision}.tflite").read_bytes())


def test_the_three_blocks_are_there(made):
    """A stem, then two expansions, three depthwise layers and three projections, one sum."""
    found = counts(tflite(made, "int8"))
    assert (found["CONV_2D"], found["DEPTHWISE_CONV_2D"]) == (6, 3)
    assert found["FULLY_CONNECTED"] == 1
    assert list(found) == sorted(found)


def test_tensors_have_types_shapes_and_scales(made):
    stem = next(one for one in tflite(made, "int8") if one.kind == "CONV_2D")
    given, weights, bias = stem.inputs
    assert (given.dtype, given.shape, given.value) == ("int8", (1, 32, 32, 1), None)
    assert (weights.dtype, weights.scales, bias.dtype) == ("int8", weights.shape[0], "int32")
    assert weights.value is not None
    assert weights.value.size == np.prod(weights.shape)
    assert "Conv1" in stem.name
    assert stem.outputs[0].scales == 1


@pytest.mark.parametrize(
    ("precision", "share"), [("int8", 0.0), ("float32", 1.0), ("dynamic", 1.0), ("float16", 1.0)]
)
def test_what_is_float_in_a_tflite_file(made, precision, share):
    found = tflite(made, precision)
    assert len(tflite_floats(found)) == share * len(found)


def test_what_is_float_in_an_onnx_file(made):
    int8, float32 = (
        onnx_operators((made.folder / f"tiny-{precision}.onnx").read_bytes())
        for precision in ("int8", "float32")
    )
    assert onnx_floats(int8) == []
    assert counts(int8)["Conv"] == 9
    assert {one.kind for one in onnx_floats(float32)} >= {"Conv", "Add"}


def graph(*nodes: tuple[str, str, str]) -> bytes:
    """An ONNX file of nodes (kind, inputs, outputs), fed `x`.

    There are a scale `s`, weights of float `f`, and weights that were int8 `w`.
    """
    nodes = (("DequantizeLinear", "i s", "w"), *nodes)
    constants = [
        helper.make_tensor("s", TensorProto.FLOAT, [], [0.5]),
        helper.make_tensor("f", TensorProto.FLOAT, [1, 1, 1, 1], [1.0]),
        helper.make_tensor("i", TensorProto.INT8, [1, 1, 1, 1], [1]),
    ]
    made = helper.make_graph(
        [helper.make_node(kind, given.split(), told.split()) for kind, given, told in nodes],
        "drawn",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 2, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        constants,
    )
    return bytes(helper.make_model(made).SerializeToString())


IN, OUT = ("QuantizeLinear", "x s", "q"), ("QuantizeLinear", "c s", "r")
BETWEEN, LAST = ("DequantizeLinear", "q s", "d"), ("DequantizeLinear", "r s", "y")


@pytest.mark.parametrize(
    ("nodes", "floats"),
    [
        ([IN, BETWEEN, ("Conv", "d w", "c"), OUT, LAST], []),
        ([IN, BETWEEN, ("Conv", "d w", "b"), ("Clip", "b f", "c"), OUT, LAST], []),
        ([IN, BETWEEN, ("Reshape", "d w", "e"), ("Conv", "e w", "c"), OUT, LAST], []),
        ([IN, BETWEEN, ("Conv", "d f", "c"), OUT, LAST], ["Conv"]),
        ([IN, BETWEEN, ("Conv", "d w", "y")], ["Conv"]),
        ([("Conv", "x w", "c"), OUT, LAST], ["Conv"]),
        ([("Conv", "x w", "b"), ("Relu", "b", "c"), OUT, LAST], ["Conv", "Relu"]),
        (
            [IN, BETWEEN, ("Conv", "d w", "b"), ("Sigmoid", "b", "c"), OUT, LAST],
            ["Conv", "Sigmoid"],
        ),
        ([IN, BETWEEN, ("Add", "d x", "c"), OUT, LAST], ["Add"]),
    ],
    ids=[
        "one pair",
        "a rectifier within",
        "moved on the way",
        "weights of float",
        "nothing behind",
        "nothing before",
        "a rectifier of float",
        "an operation within",
        "one side float",
    ],
)
def test_a_pair_must_enclose_an_operation(nodes, floats):
    content = graph(*nodes)
    onnx.load_from_string(content)
    assert [one.kind for one in onnx_floats(onnx_operators(content))] == floats
