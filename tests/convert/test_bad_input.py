"""What `edge-convert` cannot do: one line that says so, an exit code, and nothing half-done."""

from __future__ import annotations

import os
import resource
import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest

from convert.cli import main
from convert.verify import ConversionError
from edge.errors import DataError, OutputError
from edge.vision.expression import load_model

SIZE = 16
LIMIT = 20_000  # bytes that a file may have: less than any model here
DATA, REFUSED, UNWRITABLE = DataError.exit_code, ConversionError.exit_code, OutputError.exit_code


@pytest.fixture(autouse=True)
def same_backend(monkeypatch):
    """The command sets it for its own process."""
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")


@pytest.fixture
def command(capsys):
    """Run `edge-convert`; return its exit code and stderr."""

    def run(*arguments: object) -> tuple[int, str]:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, capsys.readouterr().err

    return run


@pytest.fixture
def refused(command, data, tmp_path):
    """Run a conversion that must fail with `code`; return its one line of stderr."""

    def run(model: Path, code: int, *more: object, out: Path = tmp_path / "models") -> str:
        there = out.exists()
        before = {path: path.read_bytes() for path in out.rglob("*")} if out.is_dir() else None
        told, err = command(model, "--data", data, "--out", out, "--aware", "never", *more)
        assert (told, err.count("\n")) == (code, 1), err
        assert err.startswith("edge-convert: error: ")
        assert out.exists() == there
        if before is not None:
            assert {path: path.read_bytes() for path in out.rglob("*")} == before
        return err.removeprefix("edge-convert: error: ").strip()

    return run


def network(path: Path, build) -> Path:
    """A `.keras` file of a face, `build(tensor)` of it, and seven logits."""
    face = keras.Input((SIZE, SIZE, 1))
    flat = keras.layers.Flatten()(build(face))
    keras.Model(face, keras.layers.Dense(7, name="logits")(flat)).save(path)
    return path


@keras.saving.register_keras_serializable(package="tests")
class CalledBack(keras.layers.Layer):
    """A layer that calls Python, which no device has."""

    def call(self, faces):
        import tensorflow as tf

        told = tf.py_function(lambda one: one, [faces], tf.float32)
        told.set_shape(faces.shape)
        return told


@pytest.mark.parametrize(
    ("build", "formats", "told"),
    [
        (CalledBack(), "float32.tflite", "EagerPyFunc"),
        (CalledBack(), "float32.onnx", "PyFunc"),
        (keras.ops.arccosh, "float32.tflite", "Acosh"),
    ],
    ids=["python in TFLite", "python in ONNX", "unknown to TFLite"],
)
def test_a_layer_that_a_device_does_not_know(refused, tmp_path, build, formats, told):
    path = network(tmp_path / "odd.keras", build)
    err = refused(path, REFUSED, "--formats", formats)
    assert err.startswith(f"emotion-{formats}: cannot be made of this model")
    assert told.lower() in err.lower()
    assert err.endswith("or build the model of layers that edge-train knows")
    assert len(err) < 400


def test_a_layer_that_int8_does_not_know(refused, tmp_path):
    """TensorFlow leaves it in float without a word."""
    path = network(tmp_path / "odd.keras", lambda face: keras.ops.cumsum(face, axis=1))
    err = refused(path, REFUSED, "--formats", "int8.tflite")
    assert "CUMSUM" in err


def test_a_layer_of_another_program(refused, tmp_path):
    path = network(tmp_path / "odd.keras", CalledBack())
    del keras.saving.get_custom_objects()["tests>CalledBack"]
    try:
        err = refused(path, DATA)
    finally:
        keras.saving.get_custom_objects()["tests>CalledBack"] = CalledBack
    assert err.startswith(f"{path}: is not a readable Keras model (")


def truncated(path: Path, keras_file: Path) -> None:
    path.write_bytes(keras_file.read_bytes()[:5000])


def planes(path: Path, _: Path) -> None:
    image = keras.Input((32, 32, 3))
    keras.Model(image, keras.layers.Dense(7)(keras.layers.Flatten()(image))).save(path)


def any_size(path: Path, _: Path) -> None:
    image = keras.Input((None, None, 1))
    pooled = keras.layers.GlobalAveragePooling2D()(image)
    keras.Model(image, keras.layers.Dense(7)(pooled)).save(path)


def folder(path: Path, _: Path) -> None:
    path.mkdir()


def nothing(path: Path, _: Path) -> None:
    assert not path.exists()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (truncated, "is not a readable Keras model"),
        (planes, "takes [(None, 32, 32, 3)], not one square grey plane"),
        (any_size, "takes [(None, None, None, 1)], not one square grey plane"),
        (folder, "no such file; edge-train fit writes"),
        (nothing, "no such file; edge-train fit writes"),
    ],
    ids=["truncated", "colour", "any size", "a folder", "missing"],
)
def test_a_file_that_is_no_model_of_faces(refused, keras_file, tmp_path, make, told):
    path = tmp_path / "best.keras"
    make(path, keras_file)
    assert refused(path, DATA).startswith(f"{path}: {told}")


@pytest.mark.parametrize("share", [0, 0.3, 0.9])
def test_half_of_a_shipped_file(refused, made, tmp_path, share):
    for name in ("tiny-float32.tflite", "tiny.json"):
        (tmp_path / name).write_bytes((made.folder / name).read_bytes())
    path = tmp_path / "tiny-float32.tflite"
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    assert "sha256 differs from tiny.json" in refused(path, REFUSED)


@pytest.mark.usefixtures("quick")
def test_a_list_of_other_faces(refused, keras_file, made, tmp_path):
    listed = tmp_path / "faces.csv"
    lines = (made.folder / "tiny-representative.csv").read_text().splitlines()
    listed.write_text("\n".join([lines[0], lines[1][:-3] + "000", *lines[2:]]))
    err = refused(keras_file, DATA, "--representative", listed)
    assert err == f"{listed}, line 2: face 0 is another; give the --data and --only it is of"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("content", ["", "x,y\n1,2\n", "index,label,sha256\n"])
def test_a_list_of_another_shape(refused, keras_file, tmp_path, content):
    listed = tmp_path / "faces.csv"
    listed.write_text(content)
    err = refused(keras_file, DATA, "--representative", listed)
    assert err.startswith(f"{listed}: ")


@pytest.mark.usefixtures("quick")
def test_a_number_too_long_to_be_an_index(refused, keras_file, tmp_path):
    listed = tmp_path / "faces.csv"
    listed.write_text(f"index,label,sha256\n{'9' * 5000},happy,0\n")
    err = refused(keras_file, DATA, "--representative", listed)
    assert "is not a number from 0" in err


def test_an_onnx_file_is_told_from_half_a_keras_file(refused, made):
    path = made.folder / "tiny-float32.onnx"
    assert refused(path, DATA).startswith(f"{path}: is an ONNX file, from which nothing")


def test_a_layer_that_is_not_there_cannot_stay_float(refused, keras_file):
    err = refused(keras_file, REFUSED, "--keep-float", "block_1_projekt")
    assert err.startswith("--keep-float block_1_projekt: the model has no such layer; did you mean")
    assert "block_1_project" in err


@pytest.mark.usefixtures("quick")
def test_a_file_where_the_folder_belongs(refused, keras_file, tmp_path):
    (tmp_path / "models").write_text("in the way")
    for out in (tmp_path / "models", tmp_path / "models" / "below"):
        err = refused(keras_file, UNWRITABLE, out=out)
        assert err.startswith(f"{out}: cannot be written to (")
    assert (tmp_path / "models").read_text() == "in the way"


@pytest.fixture
def full_disk(tmp_path):
    """A file system of a tenth of a model's size; where nobody may mount one, files of that."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={8 * LIMIT}", "tmpfs", str(place)]
    if (
        os.geteuid() == 0
        and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    ):
        yield place
        subprocess.run(["umount", str(place)], check=True)
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, before[1]))
    yield place
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("below", ["", "new"])
def test_no_room(refused, keras_file, full_disk, below):
    out = full_disk / below
    err = refused(keras_file, UNWRITABLE, out=out)
    assert err.startswith(f"{out}: cannot be written to (")
    assert "No space left" in err or "File too large" in err
    assert list(full_disk.iterdir()) == []


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("there", [True, False])
def test_interrupted(command, keras_file, data, made, tmp_path, monkeypatch, there):
    out = tmp_path / "models"
    if there:
        out.mkdir()
        for path in made.folder.iterdir():
            (out / path.name).write_bytes(path.read_bytes())

    def interrupt(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr("convert.golden.write", interrupt)
    code, err = command(
        *(keras_file, "--data", data, "--out", out, "--name", "tiny", "--formats", "int8.tflite")
    )
    assert (code, err) == (130, "")
    assert out.exists() == there
    if there:
        faces = [np.full((48, 48), 99, np.uint8)]
        np.testing.assert_array_equal(
            load_model(out / "tiny.json").predict(faces),
            load_model(made.folder / "tiny.json").predict(faces),
        )
