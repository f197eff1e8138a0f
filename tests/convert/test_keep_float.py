"""Layers that a person keeps out of int8, in TFLite and in ONNX."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from ai_edge_litert.interpreter import Interpreter

from convert import onnx_files, tflite
from convert.keep_float import at_work
from convert.origins import operations, plain_interpreter
from convert.verify import ConversionError
from train.batches import plain
from train.evaluate import predict

KEPT = ("block_1_depthwise_relu", "block_2_add", "logits")
LAYERS = {"block_1_depthwise", "block_2_add", "logits"}


@pytest.fixture(scope="module")
def faces(splits):
    chosen = plain(splits["Training"], 32)
    chosen[0, 0, :2, 0] = 0, 255  # or the input's scale would not be 1
    return chosen


@pytest.fixture(scope="module")
def partly(model, faces) -> bytes:
    return tflite.int8(model, faces, KEPT)


def noise(logits: np.ndarray, model, splits) -> float:
    return float(np.square(logits - predict(model, splits["PublicTest"].images)).mean())


def run_int8(content: bytes, faces: np.ndarray) -> np.ndarray:
    """(n, 7) logits by the interpreter as a device has it."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    given, told = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert (given["dtype"], told["dtype"]) == (np.int8, np.int8)
    scale, zero = told["quantization"]
    rows = []
    for face in faces:
        interpreter.set_tensor(given["index"], (face[None].astype(np.int16) - 128).astype(np.int8))
        interpreter.invoke()
        rows.append((interpreter.get_tensor(told["index"])[0].astype(np.float32) - zero) * scale)
    return np.stack(rows)


def test_the_named_layers_are_float_and_no_others(partly):
    interpreter = plain_interpreter(partly)
    found = operations(interpreter)
    assert {one.layer for one in found if one.is_float} == LAYERS
    kinds = {one["index"]: one["dtype"] for one in interpreter.get_tensor_details()}
    for one in found:
        if one.weights is not None:
            expected = np.float32 if one.layer in LAYERS else np.int8
            assert kinds[one.weights] is expected, one.layer


def test_such_a_file_runs_and_agrees_better_with_float(model, splits, faces, partly):
    public = plain(splits["PublicTest"], 32)
    whole = run_int8(tflite.int8(model, faces), public)
    told = run_int8(partly, public)
    assert (told.argmax(axis=1) == splits["PublicTest"].labels).mean() > 0.95
    assert noise(told, model, splits) < noise(whole, model, splits)


def test_in_onnx_too(model, splits, faces, tmp_path):
    contents = [onnx_files.int8(model, faces, tmp_path, kept) for kept in ((), KEPT)]
    floats = []
    for content in contents:
        graph = onnx.load_from_string(content).graph
        constants = {one.name for one in graph.initializer if one.data_type == 1 and one.dims}
        weighted = [node for node in graph.node if node.op_type in ("Conv", "Gemm", "MatMul")]
        floats.append([node.op_type for node in weighted if node.input[1] in constants])
    assert [len(kinds) for kinds in floats] == [0, 2]
    assert "Conv" in floats[1]
    public = plain(splits["PublicTest"], 32).astype(np.float32)
    whole, partly = (
        np.stack([session.run(None, {"face": face[None]})[0][0] for face in public])
        for session in map(onnxruntime.InferenceSession, contents)
    )
    assert noise(partly, model, splits) < noise(whole, model, splits)


def test_a_layer_stands_for_the_one_that_does_its_arithmetic(model):
    names = ["block_1_pad", "block_1_depthwise_BN", "Conv1_relu", "block_1_depthwise"]
    assert at_work(model, names) == ("block_1_depthwise", "Conv1")


def test_an_unknown_name_is_told_its_like(model, faces):
    with pytest.raises(ConversionError, match="did you mean block_1_depthwise") as caught:
        tflite.int8(model, faces, ["block_1_depthwse"])
    assert "--keep-float block_1_depthwse" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_like_no_other(model):
    with pytest.raises(ConversionError, match="there are face, scale, Conv1, bn_Conv1 and so on"):
        at_work(model, ["&"])


def test_a_layer_without_arithmetic_is_refused(model, faces):
    with pytest.raises(ConversionError, match="--keep-float face: does no arithmetic of its own"):
        tflite.int8(model, faces, ["face"])
