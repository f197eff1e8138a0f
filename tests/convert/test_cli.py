"""`edge-convert` as a person meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from convert.cli import main
from edge.vision.expression import load_model


@pytest.fixture(autouse=True)
def same_backend(monkeypatch):
    """The command sets it for its own process."""
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")


@pytest.fixture
def command(capsys):
    """Run `edge-convert`; return its exit code, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def names(folder) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_help_gives_an_example(command):
    code, out, _ = command("--help")
    assert code == 0
    assert "edge-convert runs/first/best.keras --data data/fer2013 --out models" in out


def test_from_a_keras_file_to_a_model_that_the_device_runs(
    command, keras_file, data, made, tmp_path
):
    keras_file.with_name("recipe.json").write_text(
        json.dumps({"alpha": 0.35, "backbone_weights": "/home/me/secret/mobilenet.weights.h5"})
    )
    code, out, _ = command(keras_file, "--data", data, "--out", tmp_path / "models")
    keras_file.with_name("recipe.json").unlink()
    assert code == 0
    assert out.count("| emotion-int8.tflite | ") == 3  # two splits, and the proof
    assert out.endswith("emotion.json: written; edge-run --model takes it\n")
    assert names(tmp_path / "models") == sorted(
        path.name.replace("tiny", "emotion") for path in made.folder.iterdir()
    )
    assert load_model(tmp_path / "models" / "emotion.json")
    card = (tmp_path / "models" / "emotion.json").read_text()
    assert "mobilenet.weights.h5" in card
    assert "secret" not in card
    for kind in ("float32.tflite", "int8.tflite"):
        again = (tmp_path / "models" / f"emotion-{kind}").read_bytes()
        assert again == (made.folder / f"tiny-{kind}").read_bytes(), "not the same from a file"


@pytest.mark.usefixtures("quick")
def test_a_failing_check_ends_with_78_and_leaves_nothing(command, keras_file, data, tmp_path):
    out = tmp_path / "models"
    code, _, err = command(
        *(keras_file, "--data", data, "--out", out, "--aware", "never"),
        *("--max-drop", "-100", "--formats", "int8.tflite"),
    )
    assert code == 78
    assert err.startswith("edge-convert: error: emotion-int8.tflite: ")
    assert err.count("\n") == 1
    assert not out.exists()


@pytest.mark.usefixtures("quick")
def test_a_recipe_that_cannot_be_read(command, keras_file, data, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "best.keras").write_bytes(keras_file.read_bytes())
    (run / "recipe.json").write_text("{")
    code, _, err = command(run / "best.keras", "--data", data, "--out", tmp_path / "models")
    assert code == 65
    assert err.startswith(f"edge-convert: error: {run / 'recipe.json'}: cannot be read")
    assert not (tmp_path / "models").exists()


@pytest.mark.usefixtures("quick")
def test_a_file_where_the_folder_belongs_ends_with_73(command, keras_file, data, tmp_path):
    (tmp_path / "models").write_text("in the way")
    code, _, err = command(keras_file, "--data", data, "--out", tmp_path / "models")
    assert code == 73
    assert err.startswith(f"edge-convert: error: {tmp_path / 'models'}: cannot be written to")


def test_a_name_like_a_flag_ends_with_64(command, keras_file, data, tmp_path):
    code, _, err = command(keras_file, "--data", data, "--out", tmp_path / "models", "--name=-rf")
    assert code == 64
    assert "--name '-rf': must be" in err


def test_a_layer_cannot_stay_float_without_an_int8_file(command, keras_file, data, tmp_path):
    code, _, err = command(
        *(keras_file, "--data", data, "--out", tmp_path / "models"),
        *("--keep-float", "Conv1", "--formats", "float32.tflite,dynamic.tflite"),
    )
    assert code == 64
    assert "--keep-float: needs an int8 file in --formats" in err


def test_tensorflow_says_nothing_of_its_own(keras_file, data, tmp_path):
    quiet = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    ended = subprocess.run(
        [
            *(sys.executable, "-c", "import convert.cli; raise SystemExit(convert.cli.main())"),
            *(keras_file, "--data", data, "--out", tmp_path / "models", "--name", "\u00e9motion"),
            *("--formats", "float32.tflite"),
        ],
        env=quiet,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"reading {data} ...\n")


def test_missing_data_ends_with_65(command, keras_file, tmp_path):
    code, _, err = command(keras_file, "--data", tmp_path, "--out", tmp_path / "models")
    assert code == 65
    assert f"{tmp_path}: holds neither fer2013.csv" in err
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--name", "a/b"),
        ("--name", ""),
        ("--name", ".."),
        ("--name", ".hidden"),
        ("--name", "a\nb"),
        ("--name", "a\x1b[31m"),
        ("--name", "a\udcffb"),
        ("--name", "x" * 201),
        ("--max-drop", "nan"),
        ("--max-drop", "101"),
        ("--max-drop", "much"),
        ("--formats", "int8"),
        ("--formats", ","),
        ("--batch", "1"),
        ("--batch", "65"),
        ("--aware", "sometimes"),
        ("--aware-minutes", "0"),
        ("--aware-minutes", "nan"),
    ],
)
def test_a_bad_value_ends_with_64(command, keras_file, data, tmp_path, flag, value):
    out = tmp_path / "models"
    code, _, err = command(keras_file, "--data", data, "--out", out, flag, value)
    assert code == 64
    assert flag in err
    assert err.count("\n") == 1
    assert not out.exists()
