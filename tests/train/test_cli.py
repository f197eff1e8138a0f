"""`edge-train` as a person meets it: help, tables, and one line for what went wrong."""

from __future__ import annotations

import json

import keras
import pytest

from train.cli import main


@pytest.fixture
def command(capsys, monkeypatch):
    """Run `edge-train`; return its exit code, stdout and stderr."""
    # it would last for the whole process, in which other tests count on denormals
    monkeypatch.setattr("train.denormals.flush_denormals", lambda: False)

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture(scope="module")
def model(small, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "best.keras"
    keras.utils.set_random_seed(0)
    small.network(32).save(path)
    return path


@pytest.mark.parametrize("arguments", [["--help"], ["fit", "--help"]], ids=" ".join)
def test_help_names_the_flags(command, arguments):
    code, out, _ = command(*arguments)
    assert code == 0
    assert "edge-train fit --data" in out or "--backbone-weights" in out


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--epochs", "0"),
        ("--epochs", "-3"),
        ("--alpha", "9"),
        ("--alpha", "nan"),
        ("--input-size", "16"),
        ("--batch", "1"),
        ("--learning-rate", "0"),
        ("--ferplus-share", "1.5"),
        ("--seed", "-1"),
        ("--threads", "-1"),
    ],
    ids="=".join,
)
def test_a_value_out_of_range_names_its_flag(command, data, tmp_path, flag, value):
    code, _, err = command("fit", "--data", data, "--run", tmp_path / "run", flag, value)
    assert code == 64
    assert err.startswith(f"edge-train: error: {flag} {float(value) if '.' in value else value}")
    assert err.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "arguments",
    [[], ["fit"], ["fit", "--run", "x"], ["fit", "--epochs", "many"], ["evaluate"], ["paint"]],
    ids=" ".join,
)
def test_wrong_usage_ends_with_64(command, arguments):
    code, _, err = command(*arguments)
    assert code == 64
    assert err.startswith("edge-train")
    assert err.count("\n") == 1


@pytest.mark.parametrize("name", ["fit", "composites"])
def test_missing_data(command, tmp_path, name):
    target = ["--run", tmp_path / "run"] if name == "fit" else ["--out", tmp_path / "out"]
    code, _, err = command(name, "--data", tmp_path / "nowhere", *target)
    assert code == 65
    assert err.startswith(f"edge-train: error: {tmp_path / 'nowhere'}: no such file; --data takes")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_fit_trains_and_says_what_comes_next(command, small, data, tmp_path, monkeypatch):
    monkeypatch.setattr("train.fit.build", small.build)
    flags = ["--input-size", "32", "--epochs", "1", "--batch", "16", "--backbone-weights", "none"]
    code, out, _ = command("fit", "--data", data, "--run", tmp_path / "run", *flags)
    assert code == 0
    assert "56 Training, 56 PublicTest, 56 PrivateTest" in out
    assert out.endswith("best.keras: done; edge-convert makes the files for the device\n")
    code, _, err = command("fit", "--data", data, "--run", tmp_path / "run", *flags)
    assert code == 65
    assert "add --resume to go on" in err


def test_ctrl_c_in_the_first_epoch_promises_nothing(command, small, data, tmp_path, monkeypatch):
    def interrupted(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("train.fit.build", interrupted)
    flags = ["--input-size", "32", "--batch", "16"]
    code, out, _ = command("fit", "--data", data, "--run", tmp_path / "run", *flags)
    assert code == 130
    assert "stopped before the end of the first epoch" in out
    assert "best.keras" not in out
    monkeypatch.setattr("train.fit.build", small.build)
    assert command("fit", "--data", data, "--run", tmp_path / "run", *flags, "--epochs", 1)[0] == 0


def test_evaluate_prints_a_table_of_both_splits(command, model, data):
    code, out, _ = command("evaluate", model, "--data", data)
    assert code == 0
    assert out.startswith(f"reading {data} ...\n")
    lines = out[out.index("| model") :].splitlines()
    assert lines[0].startswith("| model | split | original | 95% |")
    assert [line.split(" | ")[1] for line in lines[2:4]] == ["PublicTest", "PrivateTest"]
    assert lines[4].startswith("temperature ")


def test_evaluate_tells_machines_everything(command, model, data):
    code, out, _ = command("evaluate", model, "--data", data, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["PrivateTest"]["ferplus"]["n"] == 56
    assert len(told["PublicTest"]["original"]["confusion"]) == 7


def test_evaluate_of_no_model(command, tmp_path, data):
    code, _, err = command("evaluate", tmp_path / "best.keras", "--data", data)
    assert code == 65
    assert err.startswith(f"edge-train: error: {tmp_path / 'best.keras'}: no such file")


def test_composites_of_too_few_faces(command, data, tmp_path):
    code, _, err = command("composites", "--data", data, "--out", tmp_path / "out")
    assert code == 65
    assert "8 faces are called neutral by 9 of ten FER+ annotators" in err
    assert not (tmp_path / "out").exists()
