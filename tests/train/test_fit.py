"""One training run: the files it leaves, and what it refuses."""

from __future__ import annotations

import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from edge.errors import DataError, OutputError
from train.batches import plain
from train.evaluate import load_keras, predict
from train.fit import Recipe, _compiled, fit
from train.metrics import score_both, softmax
from train.model import mobilenetv2

RECIPE = Recipe(
    input_size=32, alpha=0.35, backbone_weights="none", epochs=3, batch=16, learning_rate=0.01
)
FILES = ["best.keras", "last.weights.h5", "log.csv", "metrics.json", "progress.json", "recipe.json"]


@pytest.fixture
def quick(monkeypatch, small):
    """`fit` with the network of two layers."""
    monkeypatch.setattr("train.fit.mobilenetv2", small.network)

    def run(splits, folder, recipe=RECIPE, **options):
        options = {"say": lambda _: None, "verbose": 0, **options}
        return fit(splits, recipe, folder, **options)

    return run


def names(folder) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def mean_accuracy(model, faces) -> float:
    both = score_both(softmax(predict(model, plain(faces, 32))), faces)
    return float(np.mean([told["accuracy"] for told in both.values()]))


def test_mobilenetv2_leaves_the_files_that_are_promised(splits, tmp_path):
    lines: list[str] = []
    recipe = replace(RECIPE, epochs=1)
    metrics = fit(splits, recipe, tmp_path / "run", say=lines.append, verbose=0)
    assert names(tmp_path / "run") == FILES
    assert json.loads((tmp_path / "run" / "metrics.json").read_text()) == metrics
    assert json.loads((tmp_path / "run" / "recipe.json").read_text())["alpha"] == 0.35
    assert (tmp_path / "run" / "log.csv").read_text().splitlines()[0] == (
        "epoch,loss,original,ferplus"
    )
    assert [line.split(":")[0] for line in lines] == ["epoch 1"]
    assert load_keras(tmp_path / "run" / "best.keras").output_shape == (None, 7)
    weights = (tmp_path / "run" / "best.keras").stat().st_size
    assert weights < 0.4 * (tmp_path / "run" / "last.weights.h5").stat().st_size


def test_best_is_the_epoch_that_does_best_on_public_test(quick, splits, tmp_path):
    lines: list[str] = []
    recipe = replace(RECIPE, epochs=6, ema_momentum=0.5, learning_rate=0.05)
    quick(splits, tmp_path, recipe, say=lines.append)
    header, *rows = (line.split(",") for line in (tmp_path / "log.csv").read_text().splitlines())
    assert header == ["epoch", "loss", "original", "ferplus"]
    means = [(float(row[2]) + float(row[3])) / 2 for row in rows]
    assert len(set(means)) > 1, "a choice between equal epochs would show nothing"
    told = json.loads((tmp_path / "progress.json").read_text())
    assert told == {"epoch": 6, "best": pytest.approx(max(means), abs=1e-4)}
    best = load_keras(tmp_path / "best.keras")
    assert mean_accuracy(best, splits["PublicTest"]) == pytest.approx(max(means), abs=1e-4)
    improved = [i for i in range(6) if means[i] > max([-1.0, *means[:i]])]
    assert [i for i, line in enumerate(lines) if line.endswith("(best so far)")] == improved


def test_best_holds_no_optimizer(quick, splits, tmp_path):
    quick(splits, tmp_path)
    assert not load_keras(tmp_path / "best.keras").compiled
    assert not keras.saving.load_model(tmp_path / "best.keras").compiled


def test_it_learns(quick, splits, tmp_path):
    recipe = replace(RECIPE, epochs=12, ema_momentum=0.5, learning_rate=0.05)
    metrics = quick(splits, tmp_path, recipe)
    assert metrics["PublicTest"]["original"]["accuracy"] > 0.5
    assert 0.2 <= metrics["temperature"] <= 10


def test_a_run_is_not_run_over(quick, splits, tmp_path):
    quick(splits, tmp_path, replace(RECIPE, epochs=1))
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(DataError, match=r"holds a run already; add --resume"):
        quick(splits, tmp_path)
    with pytest.raises(DataError, match=r"another recipe \(epochs 1\); resume with its values"):
        quick(splits, tmp_path, resume=True)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_there_must_be_something_to_resume(quick, splits, tmp_path):
    with pytest.raises(DataError, match="holds no finished epoch to resume from"):
        quick(splits, tmp_path / "run", resume=True)
    assert not (tmp_path / "run").exists()


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garble(path):
    path.write_text("{")


@pytest.mark.parametrize(
    ("file", "damage", "told"),
    [
        ("last.weights.h5", cut, "best.keras is still the best epoch"),
        ("last.weights.h5", garble, "best.keras is still the best epoch"),
        ("recipe.json", garble, "take a new --run"),
        ("progress.json", garble, "take a new --run"),
        ("progress.json", lambda path: path.unlink(), "take a new --run"),
    ],
    ids=["weights cut", "weights garbled", "recipe", "progress", "no progress"],
)
def test_a_damaged_run_is_not_resumed(quick, splits, tmp_path, file, damage, told):
    recipe = replace(RECIPE, epochs=1)
    quick(splits, tmp_path, recipe)
    damage(tmp_path / file)
    with pytest.raises(DataError) as caught:
        quick(splits, tmp_path, recipe, resume=True)
    assert str(caught.value).startswith(f"{tmp_path / file}: ")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert load_keras(tmp_path / "best.keras")


def test_other_data_do_not_resume_a_run(quick, splits, generated, tmp_path):
    recipe = replace(RECIPE, epochs=1)
    quick(splits, tmp_path, recipe)
    with pytest.raises(DataError, match="another number of faces"):
        quick({**splits, "Training": generated.face_set(12, 0)}, tmp_path, recipe, resume=True)


def test_too_few_faces_for_a_batch(quick, splits, tmp_path):
    with pytest.raises(DataError, match=r"56 Training faces do not fill one batch of 64"):
        quick(splits, tmp_path / "run", replace(RECIPE, batch=64))
    assert not (tmp_path / "run").exists()


def full(_model, path, *_args, **_kwargs):
    path.write_bytes(b"half a file")
    raise OSError(errno.ENOSPC, "No space left on device")


FULL = {
    "saving the best": ("best.keras", keras.Model, "save", full),
    "saving the last": ("last.weights.h5", keras.Model, "save_weights", full),
    # HDF5 itself must not find out: it ends the process with dozens of lines and a crash
    "before the last": ("last.weights.h5", shutil, "disk_usage", lambda _: SimpleNamespace(free=9)),
}


@pytest.mark.parametrize(("file", "owner", "name", "fails"), FULL.values(), ids=FULL)
def test_a_full_disk_ends_the_run_and_leaves_the_best_epoch(
    quick, splits, tmp_path, file, owner, name, fails
):
    recipe = replace(RECIPE, epochs=2)
    stop_after(1, quick, splits, tmp_path, recipe)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    if file == "best.keras":
        # so that the second epoch is better whatever it tells
        (tmp_path / "progress.json").write_text('{"epoch": 1, "best": -1.0}')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, fails)
        with pytest.raises(OutputError) as caught:
            quick(splits, tmp_path, recipe, resume=True)
    assert str(caught.value) == (
        f"{tmp_path / file}: cannot be written (No space left on device); nothing was changed"
    )
    assert (tmp_path / file).read_bytes() == before[file]
    assert names(tmp_path) == sorted(before)
    assert load_keras(tmp_path / "best.keras")
    quick(splits, tmp_path, recipe, resume=True)


def test_a_run_begun_with_an_earlier_version_is_taken_up(quick, splits, tmp_path):
    """Its `best.keras` still holds the optimizer, its log ends its lines as Windows does."""
    recipe = replace(RECIPE, epochs=2)
    stop_after(1, quick, splits, tmp_path, recipe)
    model = load_keras(tmp_path / "best.keras")
    model.compile(keras.optimizers.AdamW(1e-3), "mse")
    model.save(tmp_path / "best.keras")
    log = (tmp_path / "log.csv").read_text()
    (tmp_path / "log.csv").write_bytes(log.replace("\n", "\r\n").encode())
    assert load_keras(tmp_path / "best.keras")
    quick(splits, tmp_path, recipe, resume=True)
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 3


def stop_after(epoch, quick, splits, folder, recipe):
    def say(line):
        if line.startswith(f"epoch {epoch}:"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quick(splits, folder, recipe, say=say)


def test_goes_on_from_a_trained_model_at_another_input_size(tmp_path: Path) -> None:
    smaller = Recipe(input_size=32, alpha=0.35, backbone_weights="none", epochs=1, batch=16)
    before = mobilenetv2(32, 0.35)
    before.save(tmp_path / "before.keras")
    larger = replace(smaller, input_size=48, start_from=str(tmp_path / "before.keras"))
    made = _compiled(larger, steps=1)
    assert made.input_shape == (None, 48, 48, 1)
    for ours, theirs in zip(made.get_weights(), before.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_model_of_another_width_cannot_be_gone_on_from(tmp_path: Path) -> None:
    mobilenetv2(32, 0.35).save(tmp_path / "before.keras")
    other = Recipe(input_size=32, alpha=0.5, start_from=str(tmp_path / "before.keras"))
    with pytest.raises(DataError, match="--start-from"):
        _compiled(other, steps=1)
