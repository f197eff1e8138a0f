"""`--formats`: a list of endings."""

from __future__ import annotations

import pytest

from convert.formats import ENDINGS, FORMATS, parse_formats, preferred
from edge.errors import UsageError


def test_there_are_six():
    assert len(set(ENDINGS)) == len(FORMATS) == 6
    assert {one.file("x") for one in FORMATS} >= {"x-int8.tflite", "x-float32.onnx"}


def test_the_order_is_of_no_matter():
    asked = parse_formats(" int8.onnx, float32.tflite,int8.onnx,")
    assert [one.ending for one in asked] == ["float32.tflite", "int8.onnx"]
    assert parse_formats(",".join(reversed(ENDINGS))) == FORMATS


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("int8", "'int8' is not one of float32.tflite, "),
        ("int8.tflite,fp16", "'fp16' is not one of"),
        ("", "names none of"),
        (",", "names none of"),
    ],
)
def test_what_is_none_is_refused(text, told):
    with pytest.raises(UsageError, match=told):
        parse_formats(text)


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        (",".join(ENDINGS), "int8.tflite"),
        ("float32.tflite,int8.onnx", "int8.onnx"),
        ("float32.tflite,float16.tflite", "float16.tflite"),
        ("float32.onnx", "float32.onnx"),
    ],
)
def test_a_device_prefers_int8(asked, first):
    assert preferred(parse_formats(asked)).ending == first
