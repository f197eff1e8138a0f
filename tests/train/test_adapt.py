"""Adapting a small network, trained on drawn faces, to drawn faces under another light."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from edge.camera.demo import FACES
from edge.errors import DataError, ModelError, UsageError
from edge.labels import EMOTIONS
from edge.vision.card import DEFAULT_CARD
from edge.vision.expression import load_model
from train.adapt.base import load_base
from train.adapt.own import read_own
from train.adapt.run import SCHEDULES
from train.adapt.tune import Schedule
from train.cli import main
from train.evaluate import load_keras, predict
from train.task import TASKS

SHIPPED = DEFAULT_CARD.parent


@pytest.fixture(scope="module")
def base(small, splits, tmp_path_factory) -> Path:
    """A run folder with a network that reads the drawn faces well."""
    keras.utils.set_random_seed(0)
    network = small.network(input_size=32, dropout=0.0)
    faces = splits["Training"]
    network.compile(
        keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    inputs = np.stack([cv2.resize(face, (32, 32)) for face in faces.images])[..., None]
    network.fit(inputs, faces.labels, epochs=60, batch_size=14, verbose=0)
    run = tmp_path_factory.mktemp("base")
    network.save(run / "best.keras")
    (run / "recipe.json").write_text(json.dumps({"labels": "fer2013", "input_size": 32}))
    return run


def lit(face: np.ndarray) -> np.ndarray:
    """A lamp far to the left, and not a bright one."""
    shade = np.linspace(0.7, 0.15, face.shape[1])[None, :]
    return np.clip(face * shade + 10, 0, 255).astype(np.uint8)


def dataset(folder: Path, generated, change=lit, emotions=EMOTIONS, each: int = 15) -> Path:
    """As `edge-train collect` leaves it, a minute between any two shots."""
    rng = np.random.default_rng(77)
    for emotion in emotions:
        (folder / emotion).mkdir(parents=True)
        for number in range(each):
            face = change(generated.draw(emotion, rng))
            name = f"{emotion}-20240101-12{number:02d}00-001.png"
            cv2.imwrite(str(folder / emotion / name), face)
    return folder


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    """What a network of two layers needs, and no flag that would last for the whole process."""
    head = Schedule(epochs=4, steps=40, batch=64, own_share=0.3, learning_rate=0.02, pull=1e-4)
    monkeypatch.setitem(SCHEDULES, "head", head)
    monkeypatch.setitem(SCHEDULES, "all", replace(head, epochs=2, steps=20, learning_rate=0.01))
    monkeypatch.setattr("train.denormals.flush_denormals", lambda: False)


@pytest.fixture
def own(generated, tmp_path) -> Path:
    return dataset(tmp_path / "dataset", generated)


def adapt(base: Path, own: Path, run: Path, *more: object) -> int:
    flags = ["--base", base, "--data", own, "--run", run, *more]
    return main(["adapt", *map(str, flags)])


def test_better_on_both_and_the_file_is_the_model_that_was_judged(
    base, own, data, splits, tmp_path, capsys
):
    run = tmp_path / "run"
    assert adapt(base, own, run, "--anchor-data", data, "--max-loss", 20) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("your held-out faces: ") for line in lines)
    assert any(line.startswith("PublicTest of the base data, ferplus labels") for line in lines)
    assert lines[-2].startswith("better on yours")
    assert lines[-1].startswith(f"{run / 'best.keras'}: written; next: edge-convert {run}")
    told = json.loads((run / "adapt.json").read_text())
    assert told["own_held_out"]["after"] > told["own_held_out"]["before"]
    assert told["own_held_out"]["n"] == 3 * len(EMOTIONS)
    assert told["base"]["file"] == "best.keras"
    network, public = load_keras(run / "best.keras"), splits["PublicTest"]
    right = (predict(network, public.images).argmax(axis=1) == public.labels).mean()
    assert right == pytest.approx(told["anchor_public_test"]["original"]["after"])
    assert not list(own.rglob(".*"))  # nothing is left beside the faces


def test_only_the_last_layer_is_changed_and_the_same_seed_changes_it_the_same(
    base, own, data, tmp_path
):
    runs = [tmp_path / name for name in ("first", "again", "other")]
    for run, seed in zip(runs, (3, 3, 4), strict=True):
        assert adapt(base, own, run, "--anchor-data", data, "--seed", seed, "--force") == 0
    first, again, other = (load_keras(run / "best.keras") for run in runs)
    before = load_keras(base / "best.keras")
    for name in ("conv", "norm", "last"):
        for value, known in zip(
            first.get_layer(name).get_weights(), before.get_layer(name).get_weights(), strict=True
        ):
            np.testing.assert_array_equal(value, known)
    kernels = [one.get_layer("logits").get_weights()[0] for one in (first, again, other, before)]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])
    assert not np.array_equal(kernels[0], kernels[3])


def test_all_of_it_with_the_batch_norms_as_they_were(base, own, data, tmp_path):
    runs = [tmp_path / "first", tmp_path / "again"]
    for run in runs:
        assert adapt(base, own, run, "--anchor-data", data, "--train", "all", "--force") == 0
    first, again = (load_keras(run / "best.keras") for run in runs)
    before = load_keras(base / "best.keras")
    for value, same in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(value, same)
    assert not np.array_equal(
        first.get_layer("conv").get_weights()[0], before.get_layer("conv").get_weights()[0]
    )
    for value, known in zip(
        first.get_layer("norm").get_weights(), before.get_layer("norm").get_weights(), strict=True
    ):
        np.testing.assert_array_equal(value, known)
    told = json.loads((runs[0] / "adapt.json").read_text())
    assert told["own_held_out"]["gain"] > 0
    assert all(one.trainable for one in first.layers)


def test_without_the_base_data_it_says_what_nobody_can_tell(base, own, tmp_path, capsys):
    run = tmp_path / "run"
    assert adapt(base, own, run) == 0
    assert "could not be checked without --anchor-data" in capsys.readouterr().out
    assert json.loads((run / "adapt.json").read_text())["anchor_public_test"] == {}


def test_an_adapted_model_can_be_adapted_again(base, own, tmp_path):
    assert adapt(base, own, tmp_path / "first", "--force") == 0
    assert adapt(tmp_path / "first", own, tmp_path / "second", "--force") == 0
    told = json.loads((tmp_path / "second" / "adapt.json").read_text())
    assert told["base_recipe"]["labels"] == "fer2013"


def test_not_better_writes_nothing_unless_forced(base, data, generated, tmp_path, capsys):
    known = dataset(tmp_path / "known", generated, change=lambda face: face)
    run = tmp_path / "run"
    flags = ("--anchor-data", data, "--keep", 1)
    assert adapt(base, known, run, *flags) == 65
    error = capsys.readouterr().err
    assert "not better on your held-out faces" in error
    assert "nothing was written" in error
    assert not run.exists()
    assert adapt(base, known, run, *flags, "--force") == 0
    assert "not better" in capsys.readouterr().out
    assert (run / "best.keras").is_file()


def test_worse_on_the_base_data_writes_nothing_unless_forced(
    base, data, generated, tmp_path, capsys
):
    swapped = dataset(tmp_path / "swapped", generated, lambda face: face, ("happy", "sad"), 30)
    (swapped / "happy").rename(swapped / "other")
    (swapped / "sad").rename(swapped / "happy")
    (swapped / "other").rename(swapped / "sad")
    run = tmp_path / "run"
    flags = ("--anchor-data", data, "--anchor-faces", 1, "--train", "all")
    assert adapt(base, swapped, run, *flags) == 65
    error = capsys.readouterr().err
    assert "better on yours" in error
    assert "worse on the base data by" in error
    assert not run.exists()
    assert adapt(base, swapped, run, *flags, "--force") == 0


def emptied(folder: Path) -> None:
    shutil.rmtree(folder / "sad")
    (folder / "sad").mkdir()


def cut(folder: Path) -> None:
    path = next((folder / "sad").iterdir())
    path.write_bytes(path.read_bytes()[:40])


def thinned(folder: Path) -> None:
    for path in sorted((folder / "sad").iterdir())[4:]:
        path.unlink()


def unknown(folder: Path) -> None:
    (folder / "sad").rename(folder / "grumpy")


def lonely(folder: Path) -> None:
    for inner in folder.iterdir():
        if inner.name != "sad":
            shutil.rmtree(inner)


def one_moment(folder: Path) -> None:
    for number, path in enumerate(sorted((folder / "sad").iterdir())):
        path.rename(path.with_name(f"sad-20240101-120000-{number:03d}.png"))


SPOILT = {
    "an empty folder": (emptied, "sad: holds 0 pictures, at least 5 are needed"),
    "a damaged file": (cut, "is not a picture, or damaged"),
    "too few": (thinned, "sad: holds 4 pictures, at least 5 are needed"),
    "an unknown label": (unknown, "'grumpy' is no label of this model (angry, "),
    "one class": (lonely, "holds one class only"),
    "one moment": (one_moment, "all faces of sad are of one moment"),
    "nothing": (lambda folder: [shutil.rmtree(one) for one in folder.iterdir()], "no class folder"),
    "no folder": (shutil.rmtree, "cannot be read (No such file or directory)"),
}


@pytest.mark.parametrize(("spoil", "told"), SPOILT.values(), ids=SPOILT)
def test_data_that_cannot_be_used(base, own, tmp_path, capsys, spoil, told):
    spoil(own)
    assert adapt(base, own, tmp_path / "run") == 65
    error = capsys.readouterr().err
    assert error.startswith(f"edge-train: error: {own}") or error.startswith(
        "edge-train: error: --data"
    )
    assert told in error
    assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--holdout", "0.9"], "--holdout 0.9: must lie in 0.05 to 0.5"),
        (["--keep", "nan"], "--keep nan"),
        (["--max-loss", "-1"], "--max-loss -1"),
        (["--anchor-faces", "0"], "--anchor-faces 0"),
    ],
)
def test_flags_outside_their_limits(base, own, tmp_path, capsys, flags, told):
    assert adapt(base, own, tmp_path / "run", *flags) == 64
    assert told in capsys.readouterr().err


def test_a_run_that_is_there_is_not_written_over(base, own, capsys):
    before = (base / "best.keras").read_bytes()
    assert adapt(base, own, base) == 64
    assert "holds best.keras already" in capsys.readouterr().err
    assert (base / "best.keras").read_bytes() == before


@pytest.fixture(scope="module")
def shipped():
    return load_base(SHIPPED)


def test_the_shipped_float_file_is_rebuilt(shipped):
    """Every form it is named in leads there, and the network computes what the file does."""
    faces = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(FACES.glob("*.png"))]
    expected = load_model(SHIPPED / "emotion-float32.tflite").logits(faces)
    told = predict(shipped.network, np.stack(faces))
    np.testing.assert_allclose(told, expected, atol=2e-3)
    assert shipped.folded
    assert shipped.recipe.share == 1.0  # the votes alone
    assert shipped.path == SHIPPED / "emotion-float32.tflite"
    assert load_base(SHIPPED / "emotion-float32.tflite").path == load_base(DEFAULT_CARD).path


def test_bases_that_cannot_be_used(base, tmp_path):
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "best.keras").write_bytes((base / "best.keras").read_bytes()[:500])
    (tmp_path / "empty").mkdir()
    several = tmp_path / "several"
    several.mkdir()
    for name in ("a.json", "b.json"):
        shutil.copy(DEFAULT_CARD, several / name)
    changed = tmp_path / "changed"
    changed.mkdir()
    shutil.copy(DEFAULT_CARD, changed)
    content = bytearray((SHIPPED / "emotion-float32.tflite").read_bytes())
    content[-1000] ^= 1
    (changed / "emotion-float32.tflite").write_bytes(content)
    expected = [
        (tmp_path / "nowhere", DataError, "no such file"),
        (damaged, DataError, "not a readable Keras model"),
        (tmp_path / "empty", DataError, "neither best.keras nor a model card"),
        (several, UsageError, "several cards; name one of a.json, b.json"),
        (changed, ModelError, "sha256 differs"),
        (SHIPPED / "emotion-int8.tflite", DataError, "is not the float32 file"),
    ]
    for path, error, told in expected:
        with pytest.raises(error, match=told):
            load_base(path)


def test_a_broken_recipe_is_named(base, tmp_path):
    shutil.copy(base / "best.keras", tmp_path)
    (tmp_path / "recipe.json").write_text("{")
    with pytest.raises(DataError, match=r"recipe\.json: cannot be read"):
        load_base(tmp_path / "best.keras")


def test_emotions_are_joined_into_the_labels_of_another_task(tmp_path):
    emotions = ("anger", "sadness", "happy", "surprise")
    for name in emotions:
        (tmp_path / name).mkdir()
        for number in range(5):
            cv2.imwrite(str(tmp_path / name / f"{number}.png"), np.full((60, 50), 40, np.uint8))
    own = read_own(tmp_path, TASKS["valence"], lambda _: None)
    assert own.faces.classes == ("negative", "neutral", "positive")
    assert np.bincount(own.faces.labels).tolist() == [10, 5, 5]
    assert own.faces.images.shape == (20, 48, 48)
    assert np.isnan(own.times).all()
