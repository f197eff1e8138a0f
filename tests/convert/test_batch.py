"""Second ONNX files, for several faces at a time."""

from __future__ import annotations

import json

import numpy as np
import onnx
import onnxruntime
import pytest

from convert.batch import batched, write
from convert.cli import main
from convert.convert import convert
from convert.formats import parse_formats
from convert.plan import Plan
from convert.verify import ConversionError
from edge.files import sha256
from edge.vision.expression import load_model
from train.batches import prepared


@pytest.fixture(scope="module")
def faces(splits):
    return prepared(splits["PublicTest"].images[:9], 32)


@pytest.mark.parametrize("precision", ["int8", "float32"])
@pytest.mark.parametrize("count", [2, 5])
def test_a_batch_tells_what_its_faces_tell_alone(made, faces, tmp_path, precision, count):
    name = f"tiny-{precision}.onnx"
    path = tmp_path / "batch.onnx"
    path.write_bytes(batched((made.folder / name).read_bytes(), count))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [one.shape for one in session.get_inputs()] == [[count, 32, 32, 1]]
    (told,) = session.run(None, {"face": faces[:count].astype(np.float32)})
    alone = load_model(made.folder / name).prepared_logits(list(faces[:count, ..., 0]))
    np.testing.assert_allclose(told, alone, atol=1e-5)
    with pytest.raises(Exception, match="invalid dimensions"):
        session.run(None, {"face": faces[: count + 1].astype(np.float32)})


@pytest.mark.usefixtures("quick")
def test_the_card_tells_of_them(model, splits, tmp_path):
    plan = Plan(parse_formats("int8.tflite,int8.onnx"), batch=3, aware="never")
    card = convert(model, splits, tmp_path, "tiny", {}, plan=plan, say=lambda _: None)
    (name,) = card["batches"]
    about = card["batches"][name]
    assert (name, about["of"], about["faces"]) == ("tiny-int8-batch3.onnx", "tiny-int8.onnx", 3)
    assert about["sha256"] == sha256(tmp_path / name)
    assert about["largest_difference"] <= 1e-4
    assert name not in card["files"], "a device loads what takes one face"
    assert json.loads((tmp_path / "tiny.json").read_text()) == card


def test_a_batch_that_tells_something_else_is_refused(made, faces, tmp_path, monkeypatch):
    models = {"tiny-int8.onnx": load_model(made.folder / "tiny-int8.onnx")}
    (tmp_path / "tiny-int8.onnx").write_bytes((made.folder / "tiny-int8.onnx").read_bytes())

    def spoilt(content: bytes, count: int) -> bytes:
        other = onnx.load_from_string(batched(content, count))
        for constant in other.graph.initializer:
            values = onnx.numpy_helper.to_array(constant)
            if values.ndim == 2 and values.dtype == np.int8:  # the last layer's weights
                constant.CopyFrom(onnx.numpy_helper.from_array(-(values // 2), constant.name))
        return bytes(other.SerializeToString())

    monkeypatch.setattr("convert.batch.batched", spoilt)
    with pytest.raises(ConversionError, match=r"tiny-int8-batch2\.onnx: logits differ from"):
        write(tmp_path, models, faces, 2)


def test_tflite_files_need_none(keras_file, data, tmp_path, capsys):
    arguments = [
        "--data",
        data,
        "--out",
        tmp_path / "out",
        "--batch",
        4,
        "--formats",
        "int8.tflite",
    ]
    assert main([str(one) for one in (keras_file, *arguments)]) == 64
    assert "TFLite files take any batch" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
