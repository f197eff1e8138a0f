"""How a model came about, as its card tells."""

from __future__ import annotations

import json

import pytest

from convert.trained import trained
from edge.errors import DataError
from edge.vision.card import DEFAULT_CARD, read_card
from train.recipe import Recipe

FLOAT = read_card(DEFAULT_CARD).pick("tflite", "float32")


def beside(folder, name, **values):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(values))
    return folder / "best.keras"


def test_without_a_recipe_nothing_is_known(tmp_path):
    assert trained(tmp_path / "best.keras")["recipe"].startswith("unknown")


def test_paths_become_names(tmp_path):
    recipe = Recipe(backbone_weights="/data/w.h5", teachers=("/runs/big/best.keras",))
    told = trained(beside(tmp_path, "recipe.json", **recipe.as_json()))
    assert told["command"] == "edge-train fit"
    assert told["recipe"]["backbone_weights"] == "w.h5"
    assert told["recipe"]["teachers"] == ["best.keras"]
    assert "/" not in json.dumps(told).replace("edge-train fit", "")


def test_what_it_went_on_from_is_told_too(tmp_path):
    first = beside(tmp_path / "first", "recipe.json", epochs=3, backbone_weights="imagenet")
    second = beside(tmp_path / "second", "recipe.json", start_from=str(first))
    assert trained(second)["before"]["recipe"]["epochs"] == 3


def test_a_shipped_file_is_known_by_its_card(tmp_path):
    told = trained(beside(tmp_path, "recipe.json", start_from=str(FLOAT)))
    assert told["before"] == json.loads(DEFAULT_CARD.read_text())["trained"]
    gone = trained(beside(tmp_path, "recipe.json", start_from=str(tmp_path / "old.tflite")))
    assert gone["before"] == {"recipe": "unknown: old.tflite is gone"}


def test_an_adapted_model_keeps_its_bases_recipe(tmp_path):
    base = Recipe(backbone_weights="/data/w.h5").as_json()
    model = beside(
        tmp_path, "adapt.json", command="edge-train adapt", base_recipe=base, plan={"train": "head"}
    )
    told = trained(model)
    assert told["command"] == "edge-train adapt"
    assert told["recipe"]["backbone_weights"] == "w.h5"
    assert told["adapted"] == {"plan": {"train": "head"}}


def test_balance_is_told(tmp_path):
    model = beside(tmp_path, "recipe.json", epochs=1)
    (tmp_path / "best.balance.json").write_text('{"original_weight": 0.5}')
    assert trained(model)["balanced"] == {"original_weight": 0.5}


@pytest.mark.parametrize("name", ["recipe.json", "adapt.json"])
def test_half_a_file_is_told_of(tmp_path, name):
    (tmp_path / name).write_text("{")
    with pytest.raises(DataError, match=rf"{name}: cannot be read .*; mend it or move it away"):
        trained(tmp_path / "best.keras")
