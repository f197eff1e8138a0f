"""A run that is stopped, however rudely, and resumed ends where one run through ends."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

import train.judge
import train.keeper
import train.progress
from edge.files import write_text
from train.fit import fit
from train.recipe import Recipe

SCRIPT = Path(__file__).parent / "small_fit.py"
RECIPE = Recipe(
    input_size=32, alpha=0.35, backbone_weights="none", epochs=3, batch=16, learning_rate=0.01
)


class Killed(BaseException):
    """Stands for the end of the process: nothing but `finally` runs."""


@pytest.fixture(autouse=True)
def small_network(monkeypatch, small):
    monkeypatch.setattr("train.fit.build", small.build)


def run(splits, folder, say=lambda _: None, **options):
    fit(splits, RECIPE, folder, say=say, verbose=0, **options)


@pytest.fixture(scope="module")
def uninterrupted(splits, small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("train.fit.build", small.build)
        run(splits, folder)
    return folder


def weights(folder: Path) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    with h5py.File(folder / "last.weights.h5") as file:
        file.visititems(
            lambda name, item: (
                found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return found


def log(folder: Path) -> list[dict[str, str]]:
    """The log but for what a machine's speed decides."""
    with (folder / "log.csv").open(newline="") as file:
        return [{**row, "seconds": ""} for row in csv.DictReader(file)]


def progress(folder: Path) -> dict[str, object]:
    told = train.progress.read(folder / "last.weights.h5")
    return {**vars(told), "cpu_seconds": 0}


def assert_same(resumed: Path, expected: Path) -> None:
    assert log(resumed) == log(expected)
    found, wanted = weights(resumed), weights(expected)
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    assert progress(resumed) == progress(expected)
    assert (resumed / "metrics.json").read_text() == (expected / "metrics.json").read_text()
    best, wanted_best = (keras.saving.load_model(f / "best.keras") for f in (resumed, expected))
    for value, wanted_value in zip(best.get_weights(), wanted_best.get_weights(), strict=True):
        np.testing.assert_array_equal(value, wanted_value)


def nth(call: int, function, error: type[BaseException]):
    """`function`, but its n-th call raises instead."""
    calls = iter(range(1, 1_000))

    def counted(*args, **kwargs):
        if next(calls) == call:
            raise error
        return function(*args, **kwargs)

    return counted


PLACES = {
    "between epochs": lambda patch: patch.setattr(
        train.keeper.Keeper,
        "on_epoch_begin",
        nth(2, train.keeper.Keeper.on_epoch_begin, KeyboardInterrupt),
    ),
    "after a step of epoch 2": lambda patch: patch.setattr(
        train.keeper.Keeper,
        "on_train_batch_end",
        nth(5, train.keeper.Keeper.on_train_batch_end, Killed),
    ),
    "judging epoch 2": lambda patch: patch.setattr(
        train.judge.Judge, "judge", nth(2, train.judge.Judge.judge, Killed)
    ),
    "before epoch 2's log": lambda patch: patch.setattr(
        "train.log.write_text", nth(2, write_text, Killed)
    ),
    "before epoch 2's weights": lambda patch: patch.setattr(
        keras.Model, "save_weights", nth(2, keras.Model.save_weights, Killed)
    ),
    "before epoch 2's progress": lambda patch: patch.setattr(
        "train.progress.h5py.File",
        nth(4, h5py.File, Killed),  # Keras opens it, too
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_stopped_and_resumed(splits, uninterrupted, tmp_path, place):
    with pytest.MonkeyPatch.context() as patch:
        PLACES[place](patch)
        with pytest.raises((Killed, KeyboardInterrupt)):
            run(splits, tmp_path)
    run(splits, tmp_path, resume=True)
    assert_same(tmp_path, uninterrupted)


def test_stopped_twice(splits, uninterrupted, tmp_path):
    def stop_at(epoch):
        def say(line):
            if line.startswith(f"epoch {epoch}:"):
                raise KeyboardInterrupt

        return say

    for epoch, resume in ((1, False), (2, True)):
        with pytest.raises(KeyboardInterrupt):
            run(splits, tmp_path, stop_at(epoch), resume=resume)
    run(splits, tmp_path, resume=True)
    assert_same(tmp_path, uninterrupted)


def test_a_finished_run_resumed_changes_nothing(splits, uninterrupted, tmp_path):
    run(splits, tmp_path)
    run(splits, tmp_path, resume=True)
    assert_same(tmp_path, uninterrupted)


VARIANTS = {
    "two stages": {"frozen_epochs": 1},
    "two epochs of the head": {"frozen_epochs": 2, "epochs": 3},
    "plateau": {"schedule": "plateau", "epochs": 5, "learning_rate": 1e-6},
    "mixing and weights": {"mixup": 0.2, "cutmix": 0.5, "class_weights": "balanced"},
    "bfloat16": {"precision": "mixed_bfloat16", "batch_norm": "frozen"},
    "patience": {"patience": 1, "learning_rate": 1e-6, "epochs": 5},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_kind_of_run_can_be_stopped_after_any_epoch(splits, tmp_path, variant):
    recipe = replace(RECIPE, **VARIANTS[variant])
    fit(splits, recipe, tmp_path / "through", say=lambda _: None, verbose=0)
    whole = len(log(tmp_path / "through"))
    for stop in range(1, whole):

        def say(line, stop=stop):
            if line.startswith(f"epoch {stop}:"):
                raise KeyboardInterrupt

        folder = tmp_path / f"stopped-{stop}"
        with pytest.raises(KeyboardInterrupt):
            fit(splits, recipe, folder, say=say, verbose=0)
        fit(splits, recipe, folder, resume=True, say=lambda _: None, verbose=0)
        assert_same(folder, tmp_path / "through")


def test_another_seed_ends_elsewhere(splits, uninterrupted, tmp_path):
    fit(splits, replace(RECIPE, seed=1), tmp_path, say=lambda _: None, verbose=0)
    assert log(tmp_path) != log(uninterrupted)


def edge_train(data: Path, folder: Path, *flags: str, epochs: int, **environment: str):
    command = [sys.executable, str(SCRIPT), "fit", "--data", str(data), "--run", str(folder)]
    command += ["--input-size", "32", "--alpha", "0.35", "--backbone-weights", "none"]
    command += ["--epochs", str(epochs), "--batch", "16", "--learning-rate", "0.01"]
    command += ["--threads", "1", *flags]
    return subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def test_killed_by_the_system_and_resumed(data, uninterrupted, tmp_path):
    killed = edge_train(data, tmp_path, epochs=RECIPE.epochs, DIE_AFTER_EPOCH="1")
    told, _ = killed.communicate(timeout=300)
    assert killed.returncode == -signal.SIGKILL
    assert told.splitlines()[-1].startswith("epoch 1: PublicTest")
    resumed = edge_train(data, tmp_path, "--resume", epochs=RECIPE.epochs)
    told, _ = resumed.communicate(timeout=300)
    assert resumed.returncode == 0
    assert told.splitlines()[-1].startswith(f"{tmp_path / 'best.keras'}: done")
    assert_same(tmp_path, uninterrupted)


def test_ctrl_c_keeps_the_best_epoch_and_says_how_to_go_on(data, tmp_path):
    process = edge_train(data, tmp_path, epochs=5_000)
    told = []
    for line in process.stdout:
        told.append(line)
        if line.startswith("epoch 1:"):
            process.send_signal(signal.SIGINT)
    assert process.wait(timeout=300) == 130
    process.stdout.close()
    assert "--resume goes on after the last whole epoch" in told[-1]
    assert str(tmp_path / "best.keras") in told[-1]
    assert keras.saving.load_model(tmp_path / "best.keras")
    assert len(weights(tmp_path))


def test_deterministic_runs_are_the_same_on_two_threads(data, tmp_path):
    for name in ("one", "other"):
        process = edge_train(
            data, tmp_path / name, "--deterministic", "--mixup", "0.2", "--threads", "2", epochs=2
        )
        process.communicate(timeout=300)
        assert process.returncode == 0
    assert_same(tmp_path / "one", tmp_path / "other")
