"""Conversions that fail: nothing half-done is left, and what was there before stays."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import keras
import numpy as np
import pytest

from convert import onnx_int8, tflite
from convert.convert import convert
from convert.representative import FACES, representative_faces
from convert.tflite import float32
from convert.verify import ConversionError
from edge.errors import DataError, OutputError
from edge.vision.expression import load_model
from train.data import FaceSet


@pytest.fixture
def models(tmp_path, made) -> Path:
    """A folder with the files of an earlier conversion."""
    folder = tmp_path / "models"
    folder.mkdir()
    for file in made.folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "notes.md").write_text("mine")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_later_conversion_takes_the_place_of_an_earlier(models, reconvert):
    before = contents(models)
    card = reconvert(models, name="tiny")
    after = contents(models)
    assert after.keys() == before.keys()
    assert after["notes.md"] == b"mine"
    assert json.loads(after["tiny.json"]) == card
    assert load_model(models / "tiny.json")


def test_the_folder_is_made(tmp_path, reconvert):
    reconvert(tmp_path / "a" / "b")
    assert load_model(tmp_path / "a" / "b" / "again-int8.onnx")


def test_a_check_that_fails_leaves_everything_as_it_was(models, reconvert):
    before = contents(models)
    with pytest.raises(ConversionError, match=r"points of accuracy lost.*allowed -100.00"):
        reconvert(models, name="tiny", max_drop=-1.0)
    assert contents(models) == before


def test_a_drop_that_is_no_number_is_not_passed(models, reconvert):
    with pytest.raises(ConversionError):
        reconvert(models, max_drop=float("nan"))


def test_a_float_file_that_differs_is_not_shipped(models, reconvert, model, monkeypatch):
    """As if a converter had swapped two outputs."""
    kernel, bias = model.get_layer("logits").get_weights()
    other = keras.models.clone_model(model)
    other.set_weights(model.get_weights())
    other.get_layer("logits").set_weights([kernel[:, ::-1], bias[::-1]])
    wrong = float32(other)
    monkeypatch.setattr("convert.tflite.float32", lambda *_: wrong)
    before = contents(models)
    with pytest.raises(ConversionError, match=r"tiny-float32\.tflite: logits differ from"):
        reconvert(models, name="tiny")
    assert contents(models) == before


def test_a_float_file_does_not_pass_for_int8(models, reconvert, made, monkeypatch):
    floats = (made.folder / "tiny-float32.tflite").read_bytes()
    monkeypatch.setattr("convert.tflite.int8", lambda *_: floats)
    before = contents(models)
    with pytest.raises(ConversionError, match=r"int8\.tflite: still float: "):
        reconvert(models, name="tiny")
    assert contents(models) == before


@pytest.mark.parametrize("broken", [KeyboardInterrupt, RuntimeError, MemoryError])
def test_whatever_stops_it_nothing_is_left(models, reconvert, monkeypatch, broken):
    def stop(*_args):
        raise broken

    monkeypatch.setattr("convert.onnx_int8.int8", stop)
    before = contents(models)
    with pytest.raises(broken):
        reconvert(models)
    assert contents(models) == before


def test_a_full_disk(models, reconvert, monkeypatch):
    write = Path.write_bytes

    def full(path, content):
        if path.name.endswith("int8.tflite"):
            write(path, content[:100])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    before = contents(models)
    with pytest.raises(OutputError) as caught:
        reconvert(models, name="tiny")
    assert str(caught.value) == f"{models}: cannot be written to (No space left on device)"
    assert contents(models) == before


def test_a_move_that_breaks_off_leaves_files_that_are_refused(models, reconvert, monkeypatch):
    """The card goes last: what it promises is either all there or found out."""
    (models / "tiny-float32.tflite").write_bytes(b"of an earlier model")
    card = json.loads((models / "tiny.json").read_text())
    card["files"]["tiny-float32.tflite"]["sha256"] = "0" * 64
    (models / "tiny.json").write_text(json.dumps(card))
    replace = Path.replace

    def broken(path, target):
        if path.suffix == ".json":
            raise OSError(errno.EIO, "Input/output error")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(OutputError, match="Input/output error"):
        reconvert(models, name="tiny")
    with pytest.raises(ValueError, match="sha256 differs"):
        load_model(models / "tiny-float32.tflite")


@pytest.mark.parametrize("where", ["models", "models/below"])
def test_a_file_in_the_way(tmp_path, reconvert, where):
    (tmp_path / "models").write_text("a file")
    with pytest.raises(OutputError, match=r"models.*: cannot be written to \("):
        reconvert(tmp_path / where)
    assert (tmp_path / "models").read_text() == "a file"


def test_classes_that_are_missing_from_the_test_splits(models, reconvert, splits, monkeypatch):
    """No angry face to choose a threshold on: the card says null, which every reader knows."""
    for name in ("PublicTest", "PrivateTest"):
        calm = np.flatnonzero(splits[name].labels > 0)
        monkeypatch.setitem(splits, name, splits[name][calm])
    card = reconvert(models)
    point = card["operating_points"]["anger"]["recall 0.5"]["original"]
    assert point == {"threshold": None, "precision": None, "fpr": None}
    json.dumps(card, allow_nan=False)
    assert load_model(models / "again.json")


def test_faces_without_votes_have_one_label_set(models, reconvert, splits, monkeypatch):
    for name, faces in list(splits.items()):
        bare = FaceSet(faces.images, faces.labels, np.zeros_like(faces.votes))
        monkeypatch.setitem(splits, name, bare)
    card = reconvert(models)
    assert list(card["files"]["again-int8.tflite"]["metrics"]["PublicTest"]) == ["original"]


def test_a_class_without_training_faces_has_no_range(models, model, splits):
    training = splits["Training"]
    few = {**splits, "Training": training[np.flatnonzero(training.labels != 2)]}
    before = contents(models)
    with pytest.raises(DataError, match="no Training face is labelled fear"):
        convert(model, few, models, "tiny", {}, say=lambda _: None)
    assert contents(models) == before


def test_representative_faces_are_balanced_and_always_the_same(generated):
    each = FACES // 7
    training = generated.face_set(each + 5, 0)
    some = training[np.arange(len(training) - 7 * 10)]
    lopsided = FaceSet(
        *(
            np.concatenate([getattr(some, key), getattr(training, key)[-70::7]])
            for key in ("images", "labels", "votes")
        )
    )
    chosen = representative_faces(lopsided, 32)
    assert (chosen.shape, chosen.dtype) == ((6 * (each - 5) + each, 32, 32, 1), np.uint8)
    np.testing.assert_array_equal(chosen, representative_faces(lopsided, 32))


def test_the_same_model_gives_the_same_files(model, splits, made, tmp_path):
    faces = representative_faces(splits["Training"], 32)
    assert tflite.float32(model) == (made.folder / "tiny-float32.tflite").read_bytes()
    assert tflite.int8(model, faces) == (made.folder / "tiny-int8.tflite").read_bytes()
    again = onnx_int8.int8(model, faces, tmp_path)
    assert again == (made.folder / "tiny-int8.onnx").read_bytes()
