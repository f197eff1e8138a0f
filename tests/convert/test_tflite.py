"""Four precisions of one model: what each holds, weighs and tells, and that it is repeatable."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from convert import onnx_files, tflite
from convert.origins import plain_interpreter
from train.batches import plain
from train.evaluate import predict

FLOATS = {"float32": tflite.float32, "float16": tflite.float16, "dynamic": tflite.dynamic}


@pytest.fixture(scope="module")
def contents(model) -> dict[str, bytes]:
    return {name: make(model) for name, make in FLOATS.items()}


def run(content: bytes, faces: np.ndarray) -> np.ndarray:
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    given, told = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert given["shape"].tolist() == [1, 32, 32, 1]
    assert (given["dtype"], told["dtype"]) == (np.float32, np.float32)
    rows = []
    for face in faces:
        interpreter.set_tensor(given["index"], face[None].astype(np.float32))
        interpreter.invoke()
        rows.append(interpreter.get_tensor(told["index"])[0].copy())
    return np.stack(rows)


@pytest.mark.parametrize(
    ("name", "allowed"), [("float32", 1e-4), ("float16", 0.05), ("dynamic", 1)]
)
def test_it_tells_what_keras_tells(contents, model, splits, name, allowed):
    public = splits["PublicTest"]
    told = run(contents[name], plain(public, 32))
    np.testing.assert_allclose(told, predict(model, public.images), atol=allowed)
    assert (told.argmax(axis=1) == public.labels).mean() > 0.95


def test_narrower_weights_make_smaller_files(contents):
    assert len(contents["dynamic"]) < len(contents["float16"]) < 0.8 * len(contents["float32"])


@pytest.mark.parametrize(("name", "dtype"), [("float16", np.float16), ("dynamic", np.int8)])
def test_its_weights_have_the_precision_it_is_called_by(contents, name, dtype):
    tensors = plain_interpreter(contents[name]).get_tensor_details()
    assert any(one["dtype"] is dtype for one in tensors)


def test_twice_the_same_bytes(model, contents, splits, tmp_path):
    faces = plain(splits["Training"], 32)[:6]
    assert {name: make(model) for name, make in FLOATS.items()} == contents
    assert tflite.int8(model, faces) == tflite.int8(model, faces)
    assert onnx_files.float32(model, tmp_path) == onnx_files.float32(model, tmp_path)
    assert onnx_files.int8(model, faces, tmp_path) == onnx_files.int8(model, faces, tmp_path)
