"""What a recipe may hold, and what the flags make of it."""

from __future__ import annotations

import argparse
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import UsageError
from train.commands.recipe import add_recipe, recipe_of
from train.recipe import CHOICES, NUMBERS, Recipe, of_model, recipe_from


def flags(*words: str) -> Recipe:
    command = argparse.ArgumentParser()
    add_recipe(command)
    return recipe_of(command.parse_args(words))


def test_the_defaults_lie_within_their_limits():
    assert recipe_from({}) == Recipe()
    assert flags() == Recipe()


@given(st.sampled_from(sorted(NUMBERS)), st.floats(allow_nan=True))
def test_a_number_is_taken_or_refused_by_its_flag(name, value):
    low, high = NUMBERS[name]
    others = {"epochs": 10_000} if name != "epochs" else {}
    if low <= value <= high:
        assert getattr(recipe_from({**others, name: value}), name) == value
    else:
        with pytest.raises(UsageError, match=f"^--{name.replace('_', '-')} .*: must lie in"):
            recipe_from({**others, name: value})


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_is_one_of_those_there_are(name):
    with pytest.raises(UsageError, match=", ".join(CHOICES[name])):
        recipe_from({name: "other"})


def test_frozen_epochs_are_part_of_the_epochs():
    with pytest.raises(UsageError, match="--frozen-epochs 5: are part of --epochs 4"):
        recipe_from({"frozen_epochs": 5, "epochs": 4})


@pytest.mark.parametrize(
    ("labels", "share"), [("fer2013", 0.0), ("ferplus", 1.0), ("both", 0.3)], ids=str
)
def test_the_share_of_the_votes(labels, share):
    assert recipe_from({"labels": labels, "ferplus_share": 0.3}).share == share


def test_a_recipe_comes_back_from_its_file():
    recipe = recipe_from({"teachers": ["a.keras", "b.keras"], "mixup": 0.2})
    assert recipe_from(json.loads(json.dumps(recipe.as_json()))) == recipe


def test_what_is_not_given_comes_from_the_network():
    assert flags("--arch", "cnn3").input_size == 48
    assert flags("--arch", "cnn3").backbone_weights == "none"
    assert flags("--arch", "vgg16").backbone_weights == "imagenet"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--arch", "cnn3", "--backbone-weights", "imagenet"), "there are none for cnn3"),
        (("--arch", "resnet50", "--alpha", "0.5"), "has one width"),
        (("--alpha", "0.2"), "takes 0.35 to 1.4"),
        (("--start-from", "a.keras", "--backbone-weights", "none"), "starts from one of them"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_does_not_fit_the_network(words, told):
    with pytest.raises(UsageError, match=told):
        flags(*words)


def test_teachers_are_given_one_by_one():
    assert flags("--teacher", "a.keras", "--teacher", "b.keras").teachers == ("a.keras", "b.keras")


def test_a_model_of_several_has_the_labels_that_it_learnt():
    told = {"epochs": 3, "labels_of": {"a.keras": "ferplus", "b.keras": "fer2013"}}
    assert of_model(told, "a.keras") == {"epochs": 3, "labels": "ferplus"}
    assert recipe_from(of_model(told, "b.keras")).share == 0.0
    assert of_model(told, "c.keras") == {"epochs": 3}
    assert of_model({"labels": "both"}, "best.keras") == {"labels": "both"}
    assert "labels_of" in told
