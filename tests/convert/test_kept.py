"""A layer that stays float in the int8 files: that one, and no other."""

from __future__ import annotations

from convert.convert import convert
from convert.formats import parse_formats
from convert.plan import Plan

FORMATS = parse_formats("float32.tflite,int8.tflite,int8.onnx")
KEPT = "block_1_project"


def test_it_is_named_in_the_proof(made, model, splits, tmp_path):
    plan = Plan(FORMATS, keep_float=(KEPT,), aware="never")
    card = convert(model, splits, tmp_path, "tiny", {}, plan=plan, say=lambda _: None)
    proofs = {name: about["proof"] for name, about in card["files"].items()}
    assert proofs["tiny-int8.tflite"]["in_float"] == [f"CONV_2D {KEPT}"]
    (in_onnx,) = proofs["tiny-int8.onnx"]["in_float"]
    assert in_onnx.startswith("Conv")
    for name in ("tiny-int8.tflite", "tiny-int8.onnx"):
        assert (tmp_path / name).stat().st_size > (made.folder / name).stat().st_size
    assert card["keep_float"] == [KEPT]
