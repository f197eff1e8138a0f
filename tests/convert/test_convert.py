"""Conversions that fail: nothing half-done is left, and what was there before stays."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import keras
import numpy as np
import pytest

from convert.convert import convert
from convert.formats import ENDINGS, parse_formats
from convert.plan import Plan
from convert.tflite import float32
from convert.verify import AccuracyError, ConversionError
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
    card = reconvert(models, name="tiny", formats=",".join(ENDINGS))
    after = contents(models)
    assert after.keys() == before.keys()
    assert after["notes.md"] == b"mine"
    assert json.loads(after["tiny.json"]) == card
    assert load_model(models / "tiny.json")


def test_the_folder_is_made(tmp_path, reconvert):
    reconvert(tmp_path / "a" / "b", formats="int8.onnx")
    assert load_model(tmp_path / "a" / "b" / "again-int8.onnx")


def test_only_what_was_asked_for_is_made(tmp_path, reconvert):
    card = reconvert(tmp_path, formats="int8.onnx,dynamic.tflite")
    assert list(card["files"]) == ["again-dynamic.tflite", "again-int8.onnx"]
    assert card["operating_points"]["file"] == "again-int8.onnx"
    assert not {"edge_tpu", "layers"} & card.keys()
    assert sorted(contents(tmp_path)) == [
        "again-dynamic.tflite",
        "again-golden.npz",
        "again-int8.onnx",
        "again-representative.csv",
        "again.json",
    ]


def test_files_of_a_model_with_a_longer_name_are_left_in_peace(models, model, splits, quick):
    del quick
    (models / "tiny-large-int8.tflite").write_bytes(b"another model's")
    (models / "tiny-int8-batch4.onnx").write_bytes(b"an earlier one's")
    lines: list[str] = []
    plan = Plan(parse_formats("int8.tflite"), aware="never")
    convert(model, splits, models, "tiny", {}, plan=plan, say=lines.append)
    assert any("tiny-int8-batch4.onnx: of an earlier" in line for line in lines)
    assert not any("tiny-large" in line for line in lines)


def test_the_temperature_is_fitted_to_the_labels_that_were_asked_for(tmp_path, reconvert):
    told = {
        labels: reconvert(tmp_path / labels, formats="float32.tflite", labels=labels)
        for labels in ("fer2013", "ferplus", "both")
    }
    fitted = [card["temperature"] for card in told.values()]
    # annotators who disagree ask for softer answers than a label that is certain
    assert fitted[0] < fitted[2] < fitted[1]
    assert told["ferplus"]["temperature_fitted_to"] == "ferplus, PublicTest"


def test_a_file_that_no_card_names_any_more_is_told_of(models, model, splits, quick):
    del quick
    lines: list[str] = []
    plan = Plan(parse_formats("int8.tflite"), aware="never")
    convert(model, splits, models, "tiny", {}, plan=plan, say=lines.append)
    told = [line for line in lines if line.endswith("no card names it any more")]
    assert [line.split(": ")[0] for line in told] == [
        str(models / f"tiny-{ending}")
        for ending in (
            *("dynamic.tflite", "float16.tflite", "float32.onnx", "float32.tflite", "int8.onnx"),
            *("layers.csv", "layers.png"),
        )
    ]


def test_a_refused_conversion_leaves_no_folder_behind(tmp_path, reconvert):
    (tmp_path / "there").mkdir()
    for out in (tmp_path / "new", tmp_path / "a" / "b" / "c", tmp_path / "there"):
        with pytest.raises(ConversionError):
            reconvert(out, max_drop=-1.0)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
    assert contents(tmp_path / "there") == {}


def test_a_check_that_fails_leaves_everything_as_it_was(models, reconvert):
    before = contents(models)
    with pytest.raises(AccuracyError, match=r"points of accuracy lost.*allowed -100.00.*--aware"):
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


@pytest.mark.parametrize("broken", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize(
    "where", ["convert.tflite.int8", "convert.attempt.verify", "convert.golden.write"]
)
def test_whatever_stops_it_nothing_is_left(models, reconvert, monkeypatch, broken, where):
    def stop(*_args):
        raise broken

    monkeypatch.setattr(where, stop)
    before = contents(models)
    with pytest.raises(broken):
        reconvert(models, name="tiny")
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
    assert str(caught.value) == (
        f"{models}: cannot be written to (No space left on device); nothing was changed"
    )
    assert contents(models) == before


@pytest.mark.parametrize("broken", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
@pytest.mark.parametrize("name", ["tiny", "again"])
def test_a_move_that_breaks_off_is_taken_back(models, reconvert, monkeypatch, broken, name):
    """Half of one conversion and half of another would be of no use to anybody."""
    before, replace = contents(models), Path.replace

    def breaking(path, target):
        if path.suffix == ".json" and path.parent.parent == models:  # the new one
            raise broken
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", breaking)
    other = "convert.attempt.versions"  # so that the files are not those that are there
    monkeypatch.setattr(other, lambda _: {"python": "another"})
    with pytest.raises((OutputError, KeyboardInterrupt)):
        reconvert(models, name=name)
    assert contents(models) == before
    assert load_model(models / "tiny-int8.tflite")


def test_a_folder_where_a_file_belongs_stays(models, reconvert):
    (models / "again-int8.tflite").mkdir()
    (models / "again-int8.tflite" / "mine").write_text("mine")
    with pytest.raises(OutputError, match="cannot be written to"):
        reconvert(models)
    assert (models / "again-int8.tflite" / "mine").read_text() == "mine"
    assert not (models / "again.json").exists()


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
    assert (point["threshold"], point["precision"], point["fpr"]) == (None, None, None)
    assert set(point["fpr_by_class"].values()) == {None}
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
        convert(model, few, models, "tiny", {}, Plan(), say=lambda _: None)
    assert contents(models) == before
