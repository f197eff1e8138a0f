"""Cross-validation: what is divided, what is said about it, and what survives an interruption."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import DataError, UsageError
from edge.labels import EMOTIONS
from train.data import FaceSet
from train.ensemble import ensemble
from train.evaluate import load_keras, predict
from train.fold_plan import Pool, copies, plan
from train.fold_summary import corrected_interval, fold_table, summarise
from train.folds import as_text, cross_validate, out_of_fold
from train.metrics import score_both, softmax
from train.recipe import Recipe

RECIPE = Recipe(
    arch="mini",
    input_size=48,
    backbone_weights="none",
    epochs=2,
    batch=16,
    learning_rate=0.02,
    ema_momentum=0.5,
    augment=0.0,
)


@pytest.fixture(autouse=True)
def small_network(monkeypatch: pytest.MonkeyPatch, small) -> None:
    monkeypatch.setattr("train.fit.build", small.build)


def quiet(_line: str) -> None:
    pass


def validate(splits: dict[str, FaceSet], run: Path, **options: Any) -> dict[str, Any]:
    named = {"folds": 2, "say": quiet, "verbose": 0, **options}
    return cross_validate(splits, named.pop("recipe", RECIPE), run, **named)


@pytest.fixture(scope="module")
def finished(splits, small, tmp_path_factory) -> tuple[Path, dict[str, Any]]:
    """Two folds, the ensemble kept."""
    run = tmp_path_factory.mktemp("cv") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("train.fit.build", small.build)
        return run, validate(splits, run, keep="ensemble")


@pytest.fixture
def again(finished, tmp_path) -> Path:
    """A copy of the finished one, to be damaged and gone on with."""
    return Path(shutil.copytree(finished[0], tmp_path / "again"))


# dividing

FACES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 40)), min_size=1, max_size=120
)  # label and picture of each face


@settings(max_examples=60, deadline=None)
@given(FACES, st.integers(2, 5), st.integers(1, 3), st.integers(0, 9))
def test_every_face_is_held_out_once_and_copies_stay_together(faces, folds, repeats, seed):
    labels = np.array([label for label, _ in faces])
    pictures = [np.full((2, 2), picture, np.uint8) for _, picture in faces]
    same = copies(pictures)
    try:
        made = plan(labels, same, ("a", "b", "c"), folds, repeats, seed)
    except DataError:
        distinct = labels[same == np.arange(len(same))]
        assert min(np.bincount(distinct, minlength=3)) < folds
        return
    assert [(one.repeat, one.number) for one in made] == [
        (repeat + 1, number + 1) for repeat in range(repeats) for number in range(folds)
    ]
    for repeat in range(repeats):
        held = [one.held_out for one in made if one.repeat == repeat + 1]
        assert sorted(np.concatenate(held)) == list(range(len(faces)))
    for fold in made:
        assert sorted([*fold.training, *fold.held_out]) == list(range(len(faces)))
        trained = {pictures[index].tobytes() for index in fold.training}
        assert not trained & {pictures[index].tobytes() for index in fold.held_out}
        # stratified: each class's distinct faces are shared out evenly
        for label in range(3):
            of_class = (labels == label) & (same == np.arange(len(same)))
            share = of_class.sum() / folds
            assert math.floor(share) <= of_class[fold.held_out].sum() <= math.ceil(share)


def test_repeats_divide_anew_and_a_seed_repeats_them():
    labels = np.arange(60) % 3
    same = np.arange(60)
    divide = [plan(labels, same, ("a", "b", "c"), 3, 2, seed) for seed in (0, 0, 1)]
    held = [[fold.held_out.tolist() for fold in made] for made in divide]
    assert held[0] == held[1] != held[2]
    assert held[0][:3] != held[0][3:]


def test_a_class_with_too_few_faces_is_named():
    labels, same = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 3, 3, 5])
    with pytest.raises(DataError, match="2 distinct faces are labelled b, too few for --folds 3"):
        plan(labels, same, ("a", "b"), 3, 1, 0)


@pytest.mark.parametrize(("folds", "repeats"), [(1, 1), (0, 1), (5, 0)])
def test_folds_that_divide_nothing_are_refused(folds, repeats):
    with pytest.raises(UsageError, match=f"--folds {folds} --repeats {repeats}"):
        plan(np.zeros(9, int), np.arange(9), ("a",), folds, repeats, 0)


def test_a_pool_is_its_parts_in_order(splits):
    parts = [splits["Training"][:5], splits["PublicTest"]]
    pool = Pool(parts)
    assert len(pool) == 5 + len(parts[1])
    part, index = pool.origin()
    assert (part[4], index[4], part[5], index[5]) == (0, 4, 1, 0)
    taken = pool.take(np.array([0, 4, 5, 7]))
    np.testing.assert_array_equal(taken.images[3], parts[1].images[2])
    np.testing.assert_array_equal(taken.labels, pool.labels[[0, 4, 5, 7]])
    np.testing.assert_array_equal(taken.votes[:2], parts[0].votes[[0, 4]])
    np.testing.assert_array_equal(
        np.stack(list(pool.images())), np.concatenate([one.images for one in parts])
    )


# figures


def test_the_interval_by_hand():
    mean, sd, low, high = corrected_interval([0.6, 0.62, 0.64, 0.66, 0.68], folds=5)
    assert mean == pytest.approx(0.64)
    assert sd == pytest.approx(0.0316228, abs=1e-6)
    # t of 4 degrees of freedom, 2.776; variance times 1/5 + 1/4
    assert high - mean == pytest.approx(2.776445 * 0.0316228 * math.sqrt(0.45), abs=1e-5)
    assert mean - low == pytest.approx(high - mean)


def test_more_repeats_cannot_buy_certainty():
    """However often the same faces are divided, the folds' shared faces keep the interval open."""
    values = [0.6, 0.7] * 500
    _, sd, low, high = corrected_interval(values, folds=2)
    assert (high - low) / 2 > 1.9 * sd


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.integers(2, 10))
def test_the_interval_holds_the_mean(values, folds):
    mean, sd, low, high = corrected_interval(values, folds)
    assert low <= mean <= high
    assert sd >= 0
    assert min(values) - 1e-9 <= mean <= max(values) + 1e-9


def test_the_table_shows_what_the_folds_told(splits):
    rng = np.random.default_rng(0)
    runs = []
    for _ in range(3):
        told = softmax(rng.normal(size=(56, 7)))
        runs.append({"PublicTest": score_both(told, splits["PublicTest"])})
    summary = summarise(runs, folds=3)
    accuracies = [one["PublicTest"]["ferplus"]["accuracy"] for one in runs]
    assert summary["ferplus"]["accuracy"]["mean"] == pytest.approx(np.mean(accuracies))
    assert summary["ferplus"]["accuracy"]["sd"] == pytest.approx(np.std(accuracies, ddof=1))
    lines = fold_table(["one", "two", "three"], runs, summary).splitlines()
    head = [cell.strip() for cell in lines[0].split("|")]
    column = head.index("FER+ accuracy")
    cells = [line.split("|")[column].strip() for line in lines[2:]]
    assert cells[:3] == [f"{100 * value:.2f}" for value in accuracies]
    assert cells[3] == f"{100 * np.mean(accuracies):.2f}"
    assert "95% over folds" in lines[-1]
    assert len({line.count("|") for line in lines}) == 1


# the whole


def test_every_face_is_judged_by_a_network_that_never_saw_it(finished, splits):
    run, result = finished
    with np.load(run / "oof.npz") as oof:
        assert oof["logits"].shape == (1, 112, 7)
        assert oof["split"].tolist() == ["Training"] * 56 + ["PublicTest"] * 56
        assert oof["index"].tolist() == [*range(56), *range(56)]
        assert tuple(oof["classes"]) == EMOTIONS
        pooled = [splits[name] for name in ("Training", "PublicTest")]
        np.testing.assert_array_equal(oof["labels"], np.concatenate([s.labels for s in pooled]))
        held = np.flatnonzero(oof["fold"][0] == 2)
        assert len(held) == 56
        faces = np.concatenate([s.images for s in pooled])
        told = predict(load_keras(run / "repeat-1-fold-2" / "best.keras"), faces[held])
        np.testing.assert_allclose(oof["logits"][0, held], told, rtol=1e-4, atol=1e-4)
    assert 0.2 <= result["out_of_fold_temperature"] <= 10


def test_out_of_fold_logits_of_several_repeats_fall_into_place(splits, tmp_path):
    pool = Pool([splits["Training"], splits["PublicTest"]])
    folds = plan(pool.labels, np.arange(112), EMOTIONS, 2, 3, 0)
    # logits that say which repeat and face they are of
    logits = [np.repeat(1000 * f.repeat + f.held_out[:, None], 7, 1) for f in folds]
    out_of_fold(tmp_path, pool, folds, logits)
    with np.load(tmp_path / "oof.npz") as oof:
        expected = 1000 * np.array([[1], [2], [3]]) + np.arange(112)
        np.testing.assert_array_equal(oof["logits"][..., 0], expected)
        for fold in folds:
            np.testing.assert_array_equal(
                np.flatnonzero(oof["fold"][fold.repeat - 1] == fold.number), fold.held_out
            )


def test_the_folder_holds_what_is_promised(finished):
    run, result = finished
    names = ["repeat-1-fold-1", "repeat-1-fold-2"]
    assert list(result["runs"]) == names
    assert sorted(path.name for path in run.iterdir()) == sorted(
        ["plan.json", "cv.json", "cv.md", "oof.npz", "ensemble.keras", *names]
    )
    assert json.loads((run / "cv.json").read_text()) == result
    assert (run / "cv.md").read_text() == as_text(result) + "\n"
    seeds = [json.loads((run / name / "recipe.json").read_text())["seed"] for name in names]
    assert seeds == [1, 2]
    written = [json.loads((run / name / "metrics.json").read_text()) for name in names]
    assert [one["PublicTest"] for one in written] == list(result["runs"].values())
    assert not [one for one in written if "PrivateTest" in one]


def test_the_ensemble_is_the_mean_of_its_members_logits(finished, splits):
    run, _ = finished
    together = load_keras(run / "ensemble.keras")
    faces = splits["PrivateTest"].images
    members = [predict(load_keras(path), faces) for path in sorted(run.glob("*/best.keras"))]
    assert np.ptp(members, axis=0).max() > 0.01, "equal members would show nothing"
    np.testing.assert_allclose(predict(together, faces), np.mean(members, axis=0), atol=1e-4)
    assert together.get_layer("logits")
    assert together.inputs[0].name == "face"


def test_an_ensemble_becomes_one_int8_file(finished):
    from convert import tflite

    faces = np.random.default_rng(0).integers(0, 256, (8, 48, 48, 1), dtype=np.uint8)
    assert tflite.int8(load_keras(finished[0] / "ensemble.keras"), faces)[4:8] == b"TFL3"


def test_networks_of_different_shapes_are_no_ensemble(small):
    with pytest.raises(DataError, match="networks of one shape"):
        ensemble([small.network(48), small.network(32)])


def test_the_best_fold_is_kept_with_its_recipe(splits, again):
    result = validate(splits, again, resume=True, keep="best")
    means = {
        name: np.mean([one["accuracy"] for one in both.values()])
        for name, both in result["runs"].items()
    }
    best = max(means, key=lambda name: means[name])
    assert best in result["kept"]["what"]
    for name in ("best.keras", "recipe.json"):
        assert (again / name).read_bytes() == (again / best / name).read_bytes()


def test_a_task_of_two_labels(splits, tmp_path):
    recipe = replace(RECIPE, task="happy-sad", epochs=1, batch=4)
    result = validate(splits, tmp_path, recipe=recipe)
    assert result["faces"] == 32
    with np.load(tmp_path / "oof.npz") as oof:
        assert oof["logits"].shape == (1, 32, 2)


# interruptions


def test_stopped_within_the_second_fold_it_ends_as_one_run_through(splits, finished, tmp_path):
    run, result = finished
    epochs: list[str] = []

    def say(line: str) -> None:
        epochs.append(line)
        if sum(one.startswith("epoch 1:") for one in epochs) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        validate(splits, tmp_path, keep="ensemble", say=say)
    lines: list[str] = []
    resumed = validate(splits, tmp_path, keep="ensemble", resume=True, say=lines.append)
    assert resumed == result
    assert "repeat-1-fold-1: was finished" in lines
    assert [line.split(":")[0] for line in lines if line.startswith("epoch")] == ["epoch 2"]
    with np.load(run / "oof.npz") as whole, np.load(tmp_path / "oof.npz") as other:
        np.testing.assert_array_equal(whole["logits"], other["logits"])


@pytest.mark.parametrize(
    "missing",
    [
        pytest.param(["repeat-1-fold-2/held_out.npz"], id="a fold trained, not asked"),
        pytest.param(["ensemble.keras", "oof.npz"], id="all folds done, not put together"),
    ],
)
def test_killed_at_the_end_it_makes_what_is_missing(splits, finished, again, missing):
    run, result = finished
    for name in ("cv.json", "cv.md", *missing):
        (again / name).unlink()
    lines: list[str] = []
    resumed = validate(splits, again, keep="ensemble", resume=True, say=lines.append)
    assert resumed == result
    assert not [line for line in lines if line.startswith("epoch")]
    assert sorted(path.name for path in again.iterdir()) == sorted(p.name for p in run.iterdir())


def test_another_ones_folder_is_refused(splits, finished, generated):
    run, _ = finished
    before = (run / "cv.json").read_bytes()
    with pytest.raises(DataError, match="holds a cross-validation already; add --resume"):
        validate(splits, run)
    with pytest.raises(DataError, match=r"another cross-validation \(folds 2, epochs 2\)"):
        validate(splits, run, folds=3, recipe=replace(RECIPE, epochs=3), resume=True)
    other = {**splits, "PublicTest": generated.face_set(8, 77)}
    with pytest.raises(DataError, match=r"another cross-validation \(other faces\)"):
        validate(other, run, resume=True)
    assert (run / "cv.json").read_bytes() == before


def test_there_must_be_something_to_resume(splits, tmp_path):
    with pytest.raises(DataError, match="holds no cross-validation to resume"):
        validate(splits, tmp_path / "run", resume=True)
    assert not (tmp_path / "run").exists()


def test_a_damaged_fold_is_named(splits, again):
    (again / "repeat-1-fold-2" / "held_out.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"repeat-1-fold-2: cannot be read .*remove this folder"):
        validate(splits, again, resume=True)


def test_the_command(data, tmp_path, monkeypatch, capsys):
    from train.cli import main

    monkeypatch.setattr("train.denormals.flush_denormals", lambda: False)
    command = ["folds", "--data", str(data), "--run", str(tmp_path / "cv"), "--folds", "2"]
    command += ["--epochs", "1", "--batch", "16", "--backbone-weights", "none", "--arch", "mini"]
    assert main(command) == 0
    told = capsys.readouterr().out
    assert "| **mean** |" in told
    assert told.endswith("best.keras: done; edge-convert makes the files for the device\n")
    assert main([*command, "--folds", "1"]) == 64
    assert "--folds 1" in capsys.readouterr().err
