"""The recipe: limits that name their flag, and a file that the card's maker understands."""

from __future__ import annotations

import argparse
import json
from dataclasses import fields

import pytest

import train.recipe
from convert.trained import trained
from edge.errors import UsageError
from train.commands.distil import TEXTS, add
from train.distilled.recipe import STAGES, DistilRecipe, StudentRecipe, recipe_from


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("teacher_epochs", 0, "--teacher-epochs 0: must lie in 1 to 10000"),
        ("predecessor_epochs", 0, "--predecessor-epochs 0: must lie in"),
        ("student_predecessor_share", 1.1, "--student-predecessor-share 1.1: must lie in 0 to 1"),
        ("student_front_steps", -1, "--student-front-steps -1: must lie in 0 to"),
        ("student_epochs", -1, "--student-epochs -1: must lie in"),
        ("student_batch", 1, "--student-batch 1: must lie in 2 to"),
        ("student_learning_rate", float("nan"), "--student-learning-rate nan: must lie in"),
        ("teacher_width", 17, "--teacher-width 17: must be even"),
        ("teacher_blocks", (), "--teacher-blocks : must be 1 to 4 numbers"),
        ("teacher_blocks", (1, 0), "--teacher-blocks 1,0: must be 1 to 4 numbers"),
        ("student_input_size", 100, "--student-input-size 100: must be a multiple of 32"),
        ("successor_input_size", 100, "--successor-input-size 100: must be a multiple of 16"),
        ("successor_fer2013_weight", 2.0, "--successor-fer2013-weight 2.0: must lie in 0 to 1"),
        ("successor_student_share", 0.9, "--successor-predecessor-share and --successor-student"),
        ("student_distill_alpha", 1.5, "--student-distill-alpha 1.5: must lie in 0 to 1"),
        ("augment", 4.0, "--augment 4.0: must lie in 0 to 3"),
        ("seed", -1, "--seed -1: must lie in"),
    ],
)
def test_a_value_out_of_its_limits_names_its_flag(name, value, message):
    with pytest.raises(UsageError) as error:
        recipe_from({name: value})
    assert str(error.value).startswith(message)


def test_what_is_not_given_is_the_shipped_recipe():
    assert recipe_from({"teacher_epochs": None, "data": "elsewhere"}) == DistilRecipe()
    told = recipe_from({"teacher_epochs": 3, "student_dropout": 0.5, "seed": 7})
    assert (told.teacher.epochs, told.student.dropout, told.seed) == (3, 0.5, 7)
    assert told.student.epochs == StudentRecipe().epochs


def test_every_part_of_the_recipe_has_a_flag():
    commands = argparse.ArgumentParser().add_subparsers()
    add(commands)
    text = commands.choices["distil"].format_help()
    for stage in STAGES:
        for one in fields(getattr(DistilRecipe(), stage)):
            assert f"--{stage}-{one.name.replace('_', '-')}" in text
            assert one.name in TEXTS


def test_the_file_names_the_network_in_the_words_of_every_recipe():
    """So that the shipped float file can be trained on."""
    told = json.loads(json.dumps(recipe_from({"successor_input_size": 64}).as_json()))
    assert told == recipe_from({"successor_input_size": 64}).as_json()
    known = train.recipe.recipe_from(told)
    assert (known.arch, known.alpha, known.input_size) == ("mobilenetv2-fused", 1.0, 64)


def test_the_card_names_the_command_and_no_path(tmp_path):
    told = recipe_from({"backbone_weights": "/home/somebody/weights.h5"}).as_json()
    (tmp_path / "recipe.json").write_text(json.dumps(told))
    known = trained(tmp_path / "emotion.keras")
    assert known["command"] == "edge-train distil"
    assert known["recipe"]["backbone_weights"] == "weights.h5"
    assert known["recipe"]["student_epochs"] == StudentRecipe().epochs
