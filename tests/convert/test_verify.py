"""Files that must not pass: each check fails on what it is there for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from convert.operators import Operator, Tensor, onnx_operators, tflite_operators
from convert.proof import FloatModel, distance
from convert.verify import (
    AccuracyError,
    ConversionError,
    check_agreement,
    check_drop,
    check_int8,
    check_parity,
    check_steady,
    verify,
)
from edge.files import sha256
from edge.vision.expression import ExpressionModel, load_model
from train.evaluate import predict


@pytest.fixture(scope="module")
def reference(model, splits) -> FloatModel:
    public = splits["PublicTest"]
    logits = predict(model, public.images)
    return FloatModel(public, logits, logits, 1.0)


@pytest.fixture
def dressed_as(made, tmp_path) -> Callable[[str, str], ExpressionModel]:
    """Load one file of the conversion under the name, and so the promises, of another."""

    def run(content: str, name: str) -> ExpressionModel:
        path = Path(tmp_path / f"tiny-{name}")
        path.write_bytes((made.folder / f"tiny-{content}").read_bytes())
        told = json.loads((made.folder / "tiny.json").read_text())
        told["files"] = {path.name: told["files"][path.name] | {"sha256": sha256(path)}}
        (tmp_path / "tiny.json").write_text(json.dumps(told))
        return load_model(path)

    return run


def test_what_was_made_passes_and_says_how_far_it_is(made, reference):
    files = {name: load_model(made.folder / name) for name in made.card["files"]}
    proofs = {name: verify(one, reference) for name, one in files.items()}
    apart = {name.removeprefix("tiny-"): one.distance.largest for name, one in proofs.items()}
    assert apart["float32.tflite"] < apart["float16.tflite"] < apart["int8.tflite"]
    assert apart["float32.onnx"] < 1e-4 < apart["int8.onnx"]
    assert {one.in_float for one in proofs.values()} == {()}


@pytest.mark.parametrize("content", ["float16.tflite", "dynamic.tflite", "int8.tflite"])
def test_what_is_rounded_does_not_pass_for_float32(dressed_as, reference, content):
    with pytest.raises(ConversionError, match=r"float32.tflite: logits differ from the Keras"):
        verify(dressed_as(content, "float32.tflite"), reference)


@pytest.mark.parametrize("content", ["float32.tflite", "dynamic.tflite"])
def test_float_does_not_pass_for_int8(dressed_as, reference, content):
    with pytest.raises(ConversionError, match=r"int8.tflite: still float: \w+ .*nothing was writ"):
        verify(dressed_as(content, "int8.tflite"), reference)


def test_float_does_not_pass_for_int8_in_onnx(dressed_as, reference):
    with pytest.raises(ConversionError, match=r"int8.onnx: still float: \w+ .*nothing was writ"):
        verify(dressed_as("float32.onnx", "int8.onnx"), reference)


@pytest.mark.parametrize("name", ["int8.tflite", "dynamic.tflite", "int8.onnx"])
def test_another_model_has_lost_everything(dressed_as, reference, name):
    other = FloatModel(reference.faces, reference.logits[:, ::-1], reference.given, 1.0)
    verify(dressed_as(name, name), reference)
    with pytest.raises(AccuracyError, match="tells the float model's label of only"):
        verify(dressed_as(name, name), other)


def test_accuracy_is_held_against_the_model_that_was_given(dressed_as, reference):
    answers = 9 * np.eye(7, dtype=np.float32)[reference.faces.labels]
    perfect = FloatModel(reference.faces, reference.logits, answers, 1.0)
    model = dressed_as("int8.tflite", "int8.tflite")
    with pytest.raises(AccuracyError, match=r"points of accuracy lost on PublicTest, original"):
        verify(model, perfect, max_drop=-0.01)


@pytest.mark.parametrize("added", [2e-4, -2e-4, np.nan])
def test_parity_is_a_ten_thousandth(reference, added):
    small = reference.logits / np.abs(reference.logits).max()
    check_parity(small, small + np.float32(5e-5), "x")
    wrong = small.copy()
    wrong[3, 2] += added
    with pytest.raises(ConversionError, match="x: logits differ"):
        check_parity(small, wrong, "x")


def test_parity_of_large_logits_is_relative():
    large = np.array([[1000.0, 0.0]], np.float32)
    check_parity(large, large + 0.009, "x")
    with pytest.raises(ConversionError, match=r"allowed 0\.01"):
        check_parity(large, large + 0.02, "x")


def test_a_drop_at_the_bound_passes(reference):
    worse = reference.logits.copy()
    worse[0] = -worse[0]
    found = distance(reference, worse)
    lost = found.drop["original"].lost
    assert lost == pytest.approx(1 / 84)
    check_drop(found, "x", lost)
    with pytest.raises(AccuracyError, match=r"x: 1\.19 points of accuracy lost"):
        check_drop(found, "x", lost - 1e-6)
    with pytest.raises(AccuracyError):
        check_drop(found, "x", float("nan"))


@pytest.mark.parametrize(
    ("precision", "error"), [("float16", ConversionError), ("int8", AccuracyError)]
)
def test_as_often_right_with_other_answers_is_not_enough(reference, precision, error):
    found = distance(reference, np.roll(reference.logits, 1, axis=0))
    with pytest.raises(error) as caught:
        check_agreement(found, "x", precision)
    assert type(caught.value) is error


def floats(name: str) -> Operator:
    face, told = (
        Tensor("a/b/c", "float32", (1, 4)),
        Tensor(f"net_1/{name}_1/Relu6", "float32", (4,)),
    )
    return Operator("CONV_2D", told.name, (face,), (told,))


def test_only_what_was_to_stay_float_may():
    assert check_int8([floats("stem")], "tflite", "x", ["stem"]) == ["CONV_2D stem"]
    with pytest.raises(ConversionError, match="x: still float: CONV_2D net_1/head_1/Relu6;"):
        check_int8([floats("stem"), floats("head")], "tflite", "x", ["stem"])


def test_a_quantiser_in_the_middle_needs_a_reason():
    """Two files' worth of it would pass for int8 and run in float."""
    between = Operator(
        "DEQUANTIZE", "d", (Tensor("q", "int8", (4,), 1),), (Tensor("d", "float32", (4,)),)
    )
    with pytest.raises(ConversionError, match="still float: DEQUANTIZE d"):
        check_int8([between], "tflite", "x")
    assert check_int8([between, floats("stem")], "tflite", "x", ["stem"]) == ["CONV_2D stem"]


def test_layers_that_stay_float_are_counted_in_onnx(made):
    all_float = onnx_operators((made.folder / "tiny-float32.onnx").read_bytes())
    with pytest.raises(ConversionError, match="still float: Conv"):
        check_int8(all_float, "onnx", "x", ["one", "two"])
    int8 = onnx_operators((made.folder / "tiny-int8.onnx").read_bytes())
    assert check_int8(int8, "onnx", "x", ["one"]) == []


def test_the_files_operators_are_those_of_the_card(made):
    for name, about in made.card["files"].items():
        read = tflite_operators if about["format"] == "tflite" else onnx_operators
        operators = read((made.folder / name).read_bytes())
        assert sum(about["proof"]["operators"].values()) == len(operators)


@pytest.mark.parametrize("answer", [np.nan, np.inf])
def test_what_tells_no_probabilities_is_refused(made, splits, answer):
    model = load_model(made.folder / "tiny-int8.tflite")
    broken = ExpressionModel(
        model.card, model.path, model.runtime, lambda _: np.full(7, answer, np.float32)
    )
    check_steady(model, splits["PublicTest"])
    with np.errstate(invalid="ignore"), pytest.raises(ConversionError, match="no probabilities"):
        check_steady(broken, splits["PublicTest"])
