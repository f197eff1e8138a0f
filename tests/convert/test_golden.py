"""The golden file of a conversion: inputs of every kind and every answer, taken by the device."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert import golden as golden_file
from convert.golden import write
from convert.golden_inputs import INPUTS, choose
from convert.verify import ConversionError
from edge.camera.scenes import Play
from edge.config import ModelConfig
from edge.errors import OutputError
from edge.files import sha256
from edge.golden import Golden, read_golden
from edge.self_test import self_test
from edge.vision.card import DEFAULT_CARD, read_card
from edge.vision.expression import ExpressionModel, load_model

MOST_BYTES = 240_000  # half of it pictures as the network takes them


@pytest.fixture(scope="module")
def models() -> dict[str, ExpressionModel]:
    """The shipped files."""
    return {
        name: load_model(DEFAULT_CARD.with_name(name)) for name in read_card(DEFAULT_CARD).files
    }


@pytest.fixture(scope="module")
def folder(models, tmp_path_factory) -> Path:
    """Copies of the shipped files with a golden file of their own, in the card."""
    made = tmp_path_factory.mktemp("models")
    for name in models:
        shutil.copy(DEFAULT_CARD.with_name(name), made)
    told = json.loads(DEFAULT_CARD.read_text()) | {"golden": write(made, "m", models)}
    (made / "m.json").write_text(json.dumps(told))
    return made


@pytest.fixture(scope="module")
def told(folder) -> dict[str, Any]:
    return json.loads((folder / "m.json").read_text())["golden"]


@pytest.fixture(scope="module")
def golden(folder) -> Golden:
    return read_golden(read_card(folder / "m.json"))


def test_the_card_says_what_was_written(folder, told, golden):
    path = folder / "m-golden.npz"
    assert (told["file"], told["sha256"]) == (path.name, sha256(path))
    assert told["bytes"] == path.stat().st_size < MOST_BYTES
    assert told["inputs"] == len(golden.crops) == INPUTS
    assert told["faces"] == len(golden.full) == 2
    assert sum(told["labels"].values()) == INPUTS


def test_it_is_the_same_each_time(folder, models, tmp_path):
    again = {name: load_model(model.path) for name, model in models.items()}
    write(tmp_path, "again", again)
    assert (tmp_path / "again-golden.npz").read_bytes() == (folder / "m-golden.npz").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["again-golden.npz"]


def test_the_device_finds_all_well(folder, capsys):
    self_test(ModelConfig(path=str(folder / "m.json")), as_json=True)
    checks = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {check["state"] for check in checks} == {"ok"}
    assert len(checks) == 3 + 2 * 3
    assert all(check["figure"] == 0 for check in checks)


def test_nearly_every_label_is_an_answer(told):
    """Also those that no face of the built-in visitor gets; the rarest, disgust, may be missing."""
    assert sum(count > 0 for count in told["labels"].values()) >= 6
    assert max(told["labels"].values()) < INPUTS / 2


def test_inputs_are_of_all_sizes_and_no_two_alike(golden):
    shapes = {crop.shape for crop in golden.crops}
    assert (1, 1) in shapes
    assert sum(height != width for height, width in shapes) >= 5
    assert max(map(max, shapes)) > 150
    assert len({crop.tobytes() + bytes(crop.shape) for crop in golden.crops}) == INPUTS
    assert len({picture.tobytes() for picture in golden.prepared}) >= INPUTS - 1  # 1x1 is flat too


def test_only_integers_throughout_are_called_exact(golden):
    exact = {name for name, answers in golden.answers.items() if answers.exact}
    assert exact == {read_card(DEFAULT_CARD).pick("tflite").name}
    assert len(golden.answers) == 3


def test_answers_are_those_of_the_file(golden, models):
    for name, answers in golden.answers.items():
        assert np.array_equal(answers.logits, models[name].logits(golden.crops))
        assert answers.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
        labels = [models[name].labels[row.argmax()] for row in answers.probabilities]
        assert sorted(labels) == ["angry", "happy"]


def test_a_model_with_one_answer_gets_as_many_inputs(models):
    card = next(iter(models.values())).card
    logits = np.array([0, 0, 9, 0, 0, 0, 0], np.float32)
    stubborn = ExpressionModel(card, card.path, "made up", lambda _: logits)
    assert len(choose(stubborn)) == INPUTS


def test_a_frame_in_which_nobody_is_found_is_told(models, tmp_path, monkeypatch):
    monkeypatch.setattr(golden_file, "PLAY", Play("nobody comes", 20.0, ()))
    with pytest.raises(ConversionError, match="the visitors in the golden frame are not found"):
        write(tmp_path, "m", models)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(models, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"m-golden\.npz: cannot be written"):
        write(tmp_path / "file", "m", models)
