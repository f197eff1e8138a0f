"""Every file of a card is read as the device reads it, and what is not there is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from benchmarks import accuracy
from benchmarks.accuracy.scores import against, divergence, fpr_interval
from benchmarks.cli import main
from edge.errors import ModelError
from edge.labels import EMOTIONS
from edge.vision.card import DEFAULT_CARD, read_card
from train.data import FaceSet
from train.metrics import at_recall

# Before TensorFlow starts: one thread, and no chatter.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

ROOT = Path(__file__).parents[2]
INT8, FLOAT = "emotion-int8.tflite", "emotion-float32.tflite"


def quiet(_line: str) -> None:
    pass


def both(faces: FaceSet) -> dict[str, FaceSet]:
    return {"PublicTest": faces, "PrivateTest": faces}


@pytest.fixture(scope="module")
def measured(visitors: FaceSet) -> dict[str, Any]:
    return accuracy.measure(DEFAULT_CARD, both(visitors), quiet)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The shipped models in a folder of their own; returns the card."""
    shutil.copytree(DEFAULT_CARD.parent, tmp_path / "models")
    return tmp_path / "models" / DEFAULT_CARD.name


def test_every_file_of_the_card_is_scored_under_both_label_sets(
    measured: dict[str, Any], visitors: FaceSet
) -> None:
    assert set(measured["scores"]) == set(read_card(DEFAULT_CARD).files)
    assert measured["left_out"] == []
    for by_split in measured["scores"].values():
        assert set(by_split) == {"PublicTest", "PrivateTest"}
        for told in by_split.values():
            assert told["original"]["n"] == told["ferplus"]["n"] == len(visitors)
            # the averages are clear faces: a model that misses most of them is not loaded right
            assert told["original"]["accuracy"] >= 0.6
            assert {"anger_at_recall_0.8", "anger_at_recall_0.5", "intervals"} <= set(
                told["original"]
            )


def test_the_other_files_are_held_against_the_float_file(measured: dict[str, Any]) -> None:
    assert measured["float"] == FLOAT
    assert FLOAT not in measured["against_float"]
    found = measured["against_float"][INT8]["PublicTest"]
    assert found["same_label"] >= 0.8
    assert 0 < found["kl"] < 0.2


def test_text_and_figures_name_every_file(measured: dict[str, Any]) -> None:
    text = accuracy.as_text(measured)
    figures = accuracy.figures(measured)
    for name in measured["scores"]:
        assert f"| {name} | PrivateTest | FER+ majority |" in text
        assert f"{name}/PublicTest/original/accuracy" in {figure.name for figure in figures}
    assert f"Held against the float file {FLOAT}." in text
    assert "Not measured" in text
    assert not any(figure.timed for figure in figures)
    assert len(accuracy.charts(measured)) == 2  # who is read as angry, a split each


def test_a_result_is_json(measured: dict[str, Any]) -> None:
    assert json.loads(json.dumps(measured, allow_nan=False)) == measured


def test_one_split_alone_leaves_the_other_unseen(visitors: FaceSet) -> None:
    asked = accuracy.Asked(splits=("PublicTest",))
    measured = accuracy.measure(DEFAULT_CARD, {"PublicTest": visitors}, quiet, asked)
    assert {split for told in measured["scores"].values() for split in told} == {"PublicTest"}


def test_margins_are_tried_on_public_test_only(visitors: FaceSet) -> None:
    asked = accuracy.Asked(end_to_end=1, robustness=1)
    measured = accuracy.measure(DEFAULT_CARD, both(visitors), quiet, asked)
    tried = {
        split: len(told["margins"]["near"]["original"])
        for split, told in measured["end_to_end"].items()
    }
    assert tried == {"PublicTest": 6, "PrivateTest": 1}
    assert set(measured["robustness"]) == {"PrivateTest"}
    text = accuracy.as_text(measured)
    assert "### Through the whole chain, PublicTest" in text
    assert "### Robustness, PrivateTest" in text
    names = [figure.name for figure in accuracy.figures(measured)]
    assert len(set(names)) == len(names)
    assert len(accuracy.charts(measured)) > 8


def test_a_card_without_its_float_file_is_measured_without_it(
    models: Path, visitors: FaceSet
) -> None:
    (models.parent / FLOAT).unlink()
    measured = accuracy.measure(models, both(visitors), quiet)
    assert measured["float"] is None
    assert measured["against_float"] == {}
    assert measured["left_out"] == [f"{FLOAT}: is not here"]
    assert "nothing is held against it" in accuracy.as_text(measured)


def test_a_file_that_is_not_the_cards_is_no_matter_of_interpreters(
    models: Path, visitors: FaceSet
) -> None:
    path = models.parent / INT8
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match="sha256 differs"):
        accuracy.measure(models, both(visitors), quiet)


def test_a_card_of_which_nothing_is_here_is_an_error(models: Path, visitors: FaceSet) -> None:
    for name in read_card(models).files:
        (models.parent / name).unlink()
    with pytest.raises(ModelError, match="none of its files can be read"):
        accuracy.measure(models, both(visitors), quiet)


DEVICE = """
import sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"tensorflow", "keras", "onnxruntime", "sklearn", "scipy"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from benchmarks.cli import main
raise SystemExit(main(sys.argv[1:]))
"""


def test_a_device_without_tensorflow_and_onnx_runtime_measures_the_rest(
    generated: ModuleType, tmp_path: Path
) -> None:
    data = generated.write(tmp_path / "data", generated.splits(per_class=1))
    words = ["accuracy", "--data", str(data), "--json", "--float", "best.keras"]
    words += ["--end-to-end", "--robustness", "--faces", "1"]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", DEVICE, *words],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told["measured"]["scores"]) == {FLOAT, INT8}
    assert told["measured"]["float"] == FLOAT
    assert set(told["files"]) == {"emotion.json", FLOAT, INT8}
    missing, keras = told["warnings"]
    assert missing.startswith("emotion-int8.onnx: no interpreter for it is installed")
    assert "best.keras is not read" in keras


def test_the_float_column_can_be_the_keras_model(
    generated: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import keras

    layers = [keras.Input((16, 16, 1)), keras.layers.Flatten(), keras.layers.Dense(7)]
    keras.Sequential(layers).save(tmp_path / "small.keras")
    data = generated.write(tmp_path / "data", generated.splits(per_class=1))
    words = ["accuracy", "--data", str(data), "--split", "PublicTest", "--json"]
    assert main([*words, "--float", str(tmp_path / "small.keras")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["measured"]["float"] == "small.keras"
    assert set(told["measured"]["against_float"]) == {FLOAT, INT8, "emotion-int8.onnx"}
    assert "small.keras" in told["files"]
    assert told["warnings"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        pytest.param(["--data", "nowhere"], 65, "fer2013.csv", id="no data"),
        pytest.param(["--data", "nowhere", "--faces", "0"], 64, "--faces", id="no faces"),
    ],
)
def test_bad_arguments_cost_one_line(
    arguments: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["accuracy", *arguments]) == code
    error = capsys.readouterr().err
    assert error.count("edge-bench: error: ") == 1
    assert told in error


def test_a_card_that_is_not_there_is_an_error(generated: ModuleType, tmp_path: Path) -> None:
    data = generated.write(tmp_path / "data", generated.splits(per_class=1))
    assert main(["accuracy", "--data", str(data), "--card", str(tmp_path / "none.json")]) == 78


def test_the_interval_of_false_positives_holds_the_rate() -> None:
    rng = np.random.default_rng(0)
    positive = rng.random(2000) < 0.2
    scores = rng.normal(positive * 1.5, 1.0)
    rate = at_recall(scores, positive, 0.8)["fpr"]
    low, high = fpr_interval(scores, positive, 0.8) or (1.0, 0.0)
    assert rate is not None
    assert low < rate < high
    assert high - low < 0.2
    assert fpr_interval(scores, np.ones(2000, bool), 0.8) is None


def test_divergence_is_nothing_from_itself_and_grows() -> None:
    even, sure = np.full((1, 2), 0.5), np.array([[0.9, 0.1]])
    assert divergence(even, even) == 0
    assert divergence(even, sure) == pytest.approx(0.5 * np.log(0.25 / 0.09))


def test_against_counts_who_alone_is_right() -> None:
    faces = labelled([0, 0, 0, 1])
    found = against(told(0, 1, 1, 1), told(1, 0, 0, 1), faces)
    assert found["same_label"] == 0.25
    assert found["original"]["only_this"] == 1
    assert found["original"]["only_float"] == 2
    assert found["original"]["difference"] == -0.25
    assert "ferplus" not in found


def labelled(labels: list[int]) -> FaceSet:
    count = len(labels)
    return FaceSet(np.zeros((count, 48, 48), np.uint8), np.array(labels), np.zeros((count, 7)))


def told(*labels: int) -> np.ndarray:
    return np.eye(len(EMOTIONS), dtype=np.float32)[list(labels)]
