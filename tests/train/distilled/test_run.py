"""A training of all four networks from end to end, stopped and resumed, and by its command."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import train.distilled.machine
from train.batches import plain
from train.cli import main
from train.evaluate import load_keras

SCRIPT = Path(__file__).parent / "distil_runs.py"
ROOT = Path(__file__).parents[3]
STAGES = {"teacher": 4, "predecessor": 2, "student": 2, "successor": 2}
SMALL = (
    *("--backbone-weights", "none", "--threads", "1", "--teacher-width", "16"),
    *("--teacher-blocks", "1,1", "--teacher-epochs", "1", "--teacher-batch", "16"),
    *("--predecessor-epochs", "1", "--predecessor-batch", "16", "--student-front-steps", "2"),
    *("--student-epochs", "1", "--student-batch", "16", "--student-input-size", "32"),
    *("--successor-epochs", "1", "--successor-batch", "16", "--successor-input-size", "48"),
)

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")


def process(cache: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": paths},
    )


@pytest.fixture(scope="module", params=["kernels", "pytorch"])
def runs(request, cache, tmp_path_factory) -> SimpleNamespace:
    """A `.folder` with the runs, and what the script has `.told`."""
    if find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")
    if request.param == "kernels":
        request.getfixturevalue("kernels")  # skips where there can be none
    folder = tmp_path_factory.mktemp(request.param)
    done = process(cache, SCRIPT, folder, request.param)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["kernels"] == (request.param == "kernels"), told["said"]
    return SimpleNamespace(folder=folder, told=told)


def log(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open(newline="") as file:
        return [{**row, "seconds": ""} for row in csv.DictReader(file)]


def test_each_epoch_has_its_line_and_the_teacher_learns(runs):
    for stage, epochs in STAGES.items():
        lines = log(runs.folder / "whole" / stage)
        assert [line["epoch"] for line in lines] == [str(one + 1) for one in range(epochs)]
        losses = [float(line["loss"]) for line in lines]
        assert np.isfinite(losses).all()
        if stage == "teacher":
            assert losses[-1] < losses[0] - 0.02
        assert {"fer2013_head_original_accuracy", "ferplus_head_ferplus_accuracy"} <= set(lines[0])
    said = "\n".join(runs.told["said"])
    assert "teacher, epoch 1 of 4: loss " in said
    assert "predecessor, epoch 2 of 2: loss " in said
    assert re.search(r"student: its first blocks answer as .* but for \d+% of", said)
    assert "student, epoch 2 of 2: loss " in said
    assert "successor, epoch 2 of 2: loss " in said
    assert " left" in said


def test_a_run_that_was_stopped_ends_as_one_that_was_not(runs):
    import torch

    whole, stopped = runs.folder / "whole", runs.folder / "stopped"
    for stage in STAGES:
        assert log(stopped / stage) == log(whole / stage)
        ours, theirs = (
            torch.load(folder / stage / "last.pt", weights_only=True) for folder in (stopped, whole)
        )
        assert (ours["epoch"], ours["best"]) == (theirs["epoch"], theirs["best"])
        for part in ("network", "average", "best_weights"):
            for name, value in theirs[part].items():
                assert torch.equal(ours[part][name], value), f"{stage} {part} {name}"
    assert (stopped / "metrics.json").read_text() == (whole / "metrics.json").read_text()


def test_both_models_are_keras_files_of_one_network_with_two_heads(runs, splits):
    folder = runs.folder / "whole"
    models = [load_keras(folder / f"{name}.keras") for name in ("emotion", "emotion-fer2013")]
    *features, _, _ = (np.asarray(one) for one in models[0].weights)
    for ours, theirs in zip(features, models[1].weights[:-2], strict=True):
        np.testing.assert_array_equal(ours, np.asarray(theirs))
    faces = plain(splits["PublicTest"], 48)
    told = [model.predict_on_batch(faces) for model in models]
    assert np.isfinite(told).all()
    assert np.abs(told[0] - told[1]).max() > 0.01
    metrics = json.loads((folder / "metrics.json").read_text())
    assert set(metrics) == {"emotion", "emotion-fer2013"}
    assert set(metrics["emotion"]) == {"temperature", "PublicTest"}
    about = json.loads((folder / "about.json").read_text())
    assert set(about["sha256"]) == {"emotion.keras", "emotion-fer2013.keras"}
    assert about["backend"] == "torch"


def test_what_lies_on_the_disk_at_the_end_is_whole(runs):
    for folder in ("whole", "stopped"):
        names = sorted(
            str(one.relative_to(runs.folder / folder))
            for one in (runs.folder / folder).rglob("*")
            if one.is_file()
        )
        assert names == sorted(
            [
                *("about.json", "emotion-fer2013.keras", "emotion.keras", "metrics.json"),
                *("predecessor/last.pt", "predecessor/log.csv", "recipe.json"),
                *("student/last.pt", "student/log.csv"),
                *("successor/last.pt", "successor/log.csv"),
                *("teacher/last.pt", "teacher/log.csv"),
            ]
        )


def test_what_cannot_be_resumed_is_refused(runs):
    told = runs.told
    assert "holds a run already; add --resume" in told["again"]
    assert "is another recipe (seed 0)" in told["other"]
    assert "was trained on other faces" in told["faces"]
    assert "holds no finished epoch to resume from" in told["nothing"]


def test_the_distortions_are_those_of_the_other_route(runs):
    told = runs.told["distortions"]
    assert told["moved"] > 5
    assert told["warp"] < 0.05  # grey levels
    assert told["resize"] <= 1
    assert told["again"]
    assert not told["anew"]
    assert told["range"][0] >= -1e-3
    assert told["range"][1] <= 255.001


@needs_torch
def test_the_command_ends_with_what_to_do_next(cache, data, tmp_path):
    run = tmp_path / "a run"
    code = "import sys; from train.cli import main; sys.exit(main())"
    done = process(cache, "-c", code, "distil", "--data", data, "--run", run, *SMALL)
    assert done.returncode == 0, done.stderr[-3000:]
    for name, labels in (("emotion", "ferplus"), ("emotion-fer2013", "fer2013")):
        assert (
            f"  edge-convert '{run}/{name}.keras' --data {data} --out models --name {name} "
            f"--labels {labels}" in done.stdout.splitlines()
        )


def test_without_pytorch_it_says_how_to_get_it(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(train.distilled.machine, "find_spec", lambda _: None)
    code = main(["distil", "--data", str(tmp_path), "--run", str(tmp_path / "run")])
    err = capsys.readouterr().err
    assert code == 69
    assert err.startswith("edge-train: error: PyTorch is not installed")
    assert "pip install torch" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--student-epochs", "0"), "--student-epochs 0: must lie in 1 to 10000"),
        (("--threads", "-1"), "--threads -1: must be 0 or more"),
        (("--teacher-blocks", "2,x"), "argument --teacher-blocks: "),
    ],
)
def test_flags_that_cannot_be_are_refused(capsys, tmp_path, flags, message):
    try:
        code = main(["distil", "--data", "x", "--run", str(tmp_path / "run"), *flags])
    except SystemExit as stop:
        code = int(stop.code or 0)
    err = capsys.readouterr().err
    assert code == 64
    assert message in err
    assert not (tmp_path / "run").exists()


def test_help_has_an_example(capsys):
    with pytest.raises(SystemExit):
        main(["distil", "--help"])
    assert "edge-train distil --data data/fer2013 --run runs/shipped" in capsys.readouterr().out
