"""One training run: the files it leaves, and what it refuses."""

from __future__ import annotations

import csv
import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import h5py
import keras
import numpy as np
import pytest

from edge.errors import DataError, OutputError
from edge.files import sha256
from edge.vision.card import DEFAULT_CARD, read_card
from train import progress
from train.architectures import build
from train.evaluate import load_keras, predict
from train.fit import fit
from train.metrics import score_both, softmax
from train.recipe import Recipe
from train.shipped import trained
from train.start import take_over

FLOAT = read_card(DEFAULT_CARD).pick("tflite", "float32")
RECIPE = Recipe(
    input_size=32, alpha=0.35, backbone_weights="none", epochs=3, batch=16, learning_rate=0.01
)
FILES = ["about.json", "best.keras", "last.weights.h5", "log.csv", "metrics.json", "recipe.json"]
COLUMNS = ["epoch", "stage", "learning_rate", "seconds", "images", "loss"]


@pytest.fixture
def quick(monkeypatch, small):
    """`fit` with the network of two layers."""
    monkeypatch.setattr("train.fit.build", small.build)

    def run(splits, folder, recipe=RECIPE, **options):
        options = {"say": lambda _: None, "verbose": 0, **options}
        return fit(splits, recipe, folder, **options)

    return run


@pytest.fixture(autouse=True)
def _network(small):
    global small_network  # noqa: PLW0603
    small_network = lambda classes=7: small.network(32, classes=classes)  # noqa: E731


def names(folder) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def rows(folder) -> list[dict[str, str]]:
    with (folder / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def mean_accuracy(model, faces) -> float:
    both = score_both(softmax(predict(model, faces.images)), faces)
    return float(np.mean([told["accuracy"] for told in both.values()]))


def test_mobilenetv2_leaves_the_files_that_are_promised(splits, tmp_path):
    lines: list[str] = []
    recipe = replace(RECIPE, epochs=1)
    metrics = fit(splits, recipe, tmp_path / "run", say=lines.append, verbose=0)
    assert names(tmp_path / "run") == FILES
    assert json.loads((tmp_path / "run" / "metrics.json").read_text()) == metrics
    assert json.loads((tmp_path / "run" / "recipe.json").read_text())["alpha"] == 0.35
    (row,) = rows(tmp_path / "run")
    assert list(row)[:6] == COLUMNS
    for side in ("train", "val"):
        assert float(row[f"{side}_loss"]) > 0
        for labels in ("original", "ferplus"):
            for name in ("accuracy", "balanced_accuracy", "macro_f1", "anger_precision"):
                assert 0 <= float(row[f"{side}_{labels}_{name}"]) <= 1
    assert row["images"] == "48"
    assert [line.split(":")[0] for line in lines] == ["epoch 1"]
    assert load_keras(tmp_path / "run" / "best.keras").output_shape == (None, 7)
    weights = (tmp_path / "run" / "best.keras").stat().st_size
    assert weights < 0.4 * (tmp_path / "run" / "last.weights.h5").stat().st_size


def test_best_is_the_epoch_that_does_best_on_public_test(quick, splits, tmp_path):
    lines: list[str] = []
    recipe = replace(RECIPE, epochs=6, ema_momentum=0.5, learning_rate=0.05)
    quick(splits, tmp_path, recipe, say=lines.append)
    means = [
        (float(row["val_original_accuracy"]) + float(row["val_ferplus_accuracy"])) / 2
        for row in rows(tmp_path)
    ]
    assert len(set(means)) > 1, "a choice between equal epochs would show nothing"
    told = progress.read(tmp_path / "last.weights.h5")
    assert (told.epoch, told.best) == (6, pytest.approx(max(means), abs=1e-4))
    best = load_keras(tmp_path / "best.keras")
    assert mean_accuracy(best, splits["PublicTest"]) == pytest.approx(max(means), abs=1e-4)
    improved = [i for i in range(6) if means[i] > max([-1.0, *means[:i]])]
    assert [i for i, line in enumerate(lines) if line.endswith("(best so far)")] == improved


def test_best_holds_no_optimizer(quick, splits, tmp_path):
    quick(splits, tmp_path)
    assert not load_keras(tmp_path / "best.keras").compiled
    assert not keras.saving.load_model(tmp_path / "best.keras").compiled


def test_it_learns(quick, splits, tmp_path):
    recipe = replace(
        RECIPE, epochs=30, batch=8, ema_momentum=0.5, learning_rate=0.03, augment=0.2, dropout=0.0
    )
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


def without_progress(path):
    with h5py.File(path, "a") as file:
        del file.attrs["progress"]


@pytest.mark.parametrize(
    ("file", "damage", "told"),
    [
        ("last.weights.h5", cut, "best.keras is still the best epoch"),
        ("last.weights.h5", garble, "best.keras is still the best epoch"),
        ("recipe.json", garble, "take a new --run"),
        ("last.weights.h5", without_progress, "best.keras is still the best epoch"),
    ],
    ids=["weights cut", "weights garbled", "recipe", "no progress"],
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
    with pytest.raises(DataError, match="was trained on other faces"):
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
        with h5py.File(tmp_path / "last.weights.h5", "a") as weights:
            told = {**json.loads(weights.attrs["progress"]), "best": -1.0}
            weights.attrs["progress"] = json.dumps(told)
        before["last.weights.h5"] = (tmp_path / "last.weights.h5").read_bytes()
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


def stop_after(epoch, quick, splits, folder, recipe):
    def say(line):
        if line.startswith(f"epoch {epoch}:"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quick(splits, folder, recipe, say=say)


def test_goes_on_from_a_trained_model_at_another_input_size(splits, tmp_path: Path) -> None:
    before = build("mobilenetv2", 7, 32, 0.35)
    before.save(tmp_path / "before.keras")
    made = build("mobilenetv2", 7, 48, 0.35)
    take_over(made, str(tmp_path / "before.keras"), splits["Training"])
    for ours, theirs in zip(made.get_weights(), before.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_model_of_another_width_cannot_be_gone_on_from(splits, tmp_path: Path) -> None:
    build("mobilenetv2", 7, 32, 0.35).save(tmp_path / "before.keras")
    with pytest.raises(DataError, match=r"--start-from .*another shape; see --arch, --alpha"):
        take_over(
            build("mobilenetv2", 7, 32, 0.5), str(tmp_path / "before.keras"), splits["Training"]
        )


def test_a_shipped_model_of_another_task_cannot_be_gone_on_from(splits) -> None:
    arch = trained(read_card(DEFAULT_CARD))["recipe"]["arch"]
    told = rf"--start-from .*; see --arch, --alpha, --task.*; its card says --arch {arch}$"
    with pytest.raises(DataError, match=told):
        take_over(build(arch, 3, 64), str(FLOAT), splits["Training"])


def test_a_model_that_is_not_there_cannot_be_gone_on_from(splits, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.keras: no such file"):
        take_over(build("mini", 7, 48), str(tmp_path / "nowhere.keras"), splits["Training"])


def cut(best: Path) -> None:
    best.write_bytes(best.read_bytes()[:5000])


@pytest.mark.parametrize("lose", [cut, Path.unlink], ids=["cut", "missing"])
def test_a_run_whose_best_epoch_is_lost_is_not_resumed(quick, splits, tmp_path, lose):
    stop_after(1, quick, splits, tmp_path, RECIPE)
    lose(tmp_path / "best.keras")
    before = (tmp_path / "last.weights.h5").read_bytes()
    with pytest.raises(DataError, match=r"best\.keras: .*the run cannot go on: take a new --run"):
        quick(splits, tmp_path, RECIPE, resume=True)
    assert (tmp_path / "last.weights.h5").read_bytes() == before


def test_the_head_is_trained_first(quick, splits, tmp_path):
    seen = {}

    def keep(epoch):
        def say(line):
            if line.startswith(f"epoch {epoch}:"):
                raise KeyboardInterrupt

        return say

    recipe = replace(RECIPE, frozen_epochs=1, epochs=2, ema_momentum=0.0)
    keras.utils.set_random_seed(recipe.seed)
    start = {w.path: np.array(w.numpy()) for w in small_network().weights}
    with pytest.raises(KeyboardInterrupt):
        quick(splits, tmp_path, recipe, say=keep(1))
    seen[1] = {w.path: w.numpy() for w in load_keras(tmp_path / "best.keras").weights}
    same = [path for path in start if np.array_equal(start[path], seen[1][path])]
    assert sorted({path.split("/")[0] for path in same}) == ["conv", "last", "norm"]
    quick(splits, tmp_path, recipe, resume=True)
    assert [row["stage"] for row in rows(tmp_path)] == ["head", "fine-tune"]


def test_a_frozen_batch_norm_keeps_its_statistics(quick, splits, tmp_path):
    quick(splits, tmp_path / "frozen", replace(RECIPE, epochs=1, batch_norm="frozen"))
    quick(splits, tmp_path / "trained", replace(RECIPE, epochs=1))
    for name, moved in (("frozen", False), ("trained", True)):
        norm = load_keras(tmp_path / name / "best.keras").get_layer("norm")
        assert (norm.moving_mean.numpy() != 0).any() == moved


def test_patience_ends_a_run_that_gets_no_better(quick, splits, tmp_path):
    recipe = replace(RECIPE, epochs=50, learning_rate=1e-7, patience=2)
    quick(splits, tmp_path, recipe)
    assert len(rows(tmp_path)) == 3
    assert progress.read(tmp_path / "last.weights.h5").ended == "patience"


def test_a_plateau_cuts_the_learning_rate(quick, splits, tmp_path):
    recipe = replace(RECIPE, epochs=6, learning_rate=1e-7, schedule="plateau")
    quick(splits, tmp_path, recipe)
    rates = [float(row["learning_rate"]) for row in rows(tmp_path)]
    assert rates == pytest.approx([1e-7] * 4 + [3e-8] * 2, rel=1e-3)


def test_minutes_end_a_run_which_is_judged_and_saved(quick, splits, tmp_path):
    recipe = replace(RECIPE, epochs=10_000, minutes=0.02)
    metrics = quick(splits, tmp_path, recipe)
    told = progress.read(tmp_path / "last.weights.h5")
    assert told.ended == "minutes"
    assert told.cpu_seconds >= 1.2
    assert metrics["PublicTest"]["original"]["n"] == 56
    assert float(rows(tmp_path)[-1]["learning_rate"]) < RECIPE.learning_rate / 10
    before = len(rows(tmp_path))
    quick(splits, tmp_path, recipe, resume=True)
    assert len(rows(tmp_path)) == before, "a budget is spent once"


def test_a_loss_that_is_no_number_ends_the_run_and_keeps_the_last_epoch(quick, splits, tmp_path):
    recipe = replace(RECIPE, epochs=4, learning_rate=1.0, schedule="constant", augment=0.0)
    stop_after(1, quick, splits, tmp_path, recipe)
    before = (tmp_path / "best.keras").read_bytes()

    def diverging(*_args, **_kwargs):
        return lambda _, y_pred: keras.ops.mean(y_pred) * np.inf

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("train.fit.keras.losses.CategoricalCrossentropy", diverging)
        with pytest.raises(DataError, match=r"the loss is (nan|-?inf) after batch 1; try a lower"):
            quick(splits, tmp_path, recipe, resume=True)
    assert (tmp_path / "best.keras").read_bytes() == before
    assert progress.read(tmp_path / "last.weights.h5").epoch == 1


def test_what_a_run_was_made_with(quick, splits, tmp_path):
    quick(splits, tmp_path, replace(RECIPE, epochs=1))
    told = json.loads((tmp_path / "about.json").read_text())
    assert told["versions"]["keras"] == keras.__version__
    assert told["data"]["Training"]["faces"] == 56
    assert told["sha256"]["best.keras"] == sha256(tmp_path / "best.keras")
    assert told["command"]


@pytest.mark.parametrize(("task", "outputs", "faces"), [("valence", 3, 56), ("happy-sad", 2, 16)])
def test_other_tasks(quick, splits, tmp_path, task, outputs, faces):
    metrics = quick(splits, tmp_path, replace(RECIPE, epochs=1, task=task))
    assert load_keras(tmp_path / "best.keras").output_shape == (None, outputs)
    assert metrics["PublicTest"]["original"]["n"] == faces
    assert "val_original_anger_recall" not in rows(tmp_path)[0]


def test_a_teacher_is_learnt_from_and_asked_once(quick, splits, tmp_path):
    recipe = replace(RECIPE, epochs=12, ema_momentum=0.5, learning_rate=0.05)
    quick(splits, tmp_path / "teacher", recipe)
    teacher = tmp_path / "teacher" / "best.keras"
    taught = replace(recipe, epochs=1, teachers=(str(teacher),), distill_alpha=1.0)
    lines: list[str] = []
    quick(splits, tmp_path / "student", taught, say=lines.append)
    assert any("asking it about 56 faces" in line for line in lines)
    (cache,) = (tmp_path / "teachers").iterdir()
    assert np.load(cache).shape == (56, 7)
    lines.clear()
    cache.write_bytes(cache.read_bytes()[:100])
    quick(splits, tmp_path / "second", taught, say=lines.append)
    assert any("asking it" in line for line in lines), "half a file is no answer"
    lines.clear()
    quick(splits, tmp_path / "third", taught, say=lines.append)
    assert not any("asking it" in line for line in lines)


def test_a_teacher_of_another_task_is_refused(quick, splits, tmp_path):
    small_network(classes=3).save(tmp_path / "teacher.keras")
    recipe = replace(RECIPE, teachers=(str(tmp_path / "teacher.keras"),))
    with pytest.raises(DataError, match=r"--teacher .*: tells 3 classes, the student learns 7"):
        quick(splits, tmp_path / "run", recipe)


def test_tensorboards_files(quick, splits, tmp_path):
    quick(splits, tmp_path, replace(RECIPE, epochs=1), tensorboard=True)
    assert list((tmp_path / "tensorboard").rglob("events.out.tfevents.*"))
