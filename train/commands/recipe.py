"""The flags that make a `Recipe`, for every command that trains."""

from __future__ import annotations

import argparse
from dataclasses import replace

from edge.errors import UsageError
from train.architectures import ARCHITECTURES, find
from train.recipe import CHOICES, PRECISIONS, SCHEDULES, Recipe, recipe_from
from train.task import TASKS

DEFAULT = Recipe()


def add_recipe(command: argparse.ArgumentParser) -> None:
    """Add one flag for each part of a recipe; what is not given is None."""
    model = command.add_argument_group("model")
    _choice(model, "--arch", tuple(ARCHITECTURES), "the network")
    _choice(model, "--task", tuple(TASKS), "what it tells")
    _number(model, "--input-size", int, "side of the input in pixels (the network's own)")
    _number(model, "--alpha", float, "width of MobileNetV2, 0.35 to 1.4")
    _number(model, "--head-units", int, "a hidden layer before the logits, 0 for none")
    model.add_argument(
        "--backbone-weights",
        metavar="imagenet|PATH|none",
        help="what the features start from: Keras' download, a weight file, nothing "
        "(imagenet where the network has it)",
    )
    model.add_argument(
        "--start-from",
        metavar="MODEL",
        help="go on from a trained .keras, or the shipped float .tflite, also at another "
        "--input-size, with a lower --learning-rate",
    )

    targets = command.add_argument_group("what is learnt")
    _choice(targets, "--labels", CHOICES["labels"], "FER-2013's, the FER+ votes, or both mixed")
    _number(targets, "--ferplus-share", float, "weight of the votes with --labels both")
    _number(targets, "--smoothing", float, "label smoothing")
    _choice(targets, "--class-weights", CHOICES["class_weights"], "let each class count the same")
    targets.add_argument(
        "--teacher",
        dest="teachers",
        action="append",
        metavar="MODEL.keras",
        help="learn from this model, too, as often as wanted",
    )
    _number(targets, "--temperature", float, "at which student and teachers are compared")
    _number(targets, "--distill-alpha", float, "weight of the teachers beside the labels")

    course = command.add_argument_group("course")
    _number(course, "--epochs", int, "")
    _number(course, "--batch", int, "faces a step")
    _number(course, "--learning-rate", float, "at its highest")
    _choice(course, "--schedule", SCHEDULES, "how it falls")
    _number(course, "--warmup-epochs", float, "in which it climbs, with --schedule cosine")
    _number(course, "--weight-decay", float, "")
    _number(course, "--dropout", float, "share of features dropped before the last layers")
    _number(course, "--frozen-epochs", int, "of --epochs, in which only the head is trained")
    course.add_argument(
        "--unfreeze-from",
        metavar="LAYER",
        help="the layer or block at which fine-tuning begins, such as block_13 (the whole network)",
    )
    _choice(course, "--batch-norm", CHOICES["batch_norm"], "frozen keeps its statistics")
    _number(course, "--augment", float, "how strongly faces are distorted, 0 for not at all")
    _number(course, "--mixup", float, "alpha of blending two faces, 0 for none")
    _number(course, "--cutmix", float, "alpha of pasting a part of another face, 0 for none")
    _number(course, "--ema-momentum", float, "of the average over the weights that is kept")
    _number(course, "--patience", int, "epochs without a better one that end it, 0 for all epochs")
    _number(course, "--minutes", float, "of CPU time that end it, 0 for no bound")
    _choice(course, "--precision", PRECISIONS, "mixed helps on accelerators, not on CPUs")
    course.add_argument(
        "--deterministic",
        action="store_true",
        default=None,
        help="the same sums in the same order on every run, slower",
    )
    _number(course, "--seed", int, "")


def recipe_of(arguments: argparse.Namespace) -> Recipe:
    """The recipe that the flags ask for, checked against its network.

    Raises:
        UsageError: a value lies outside its limits, or does not fit the network.
    """
    recipe = recipe_from(vars(arguments))
    architecture = find(recipe.arch)
    if arguments.input_size is None:
        recipe = replace(recipe, input_size=architecture.input_size)
    if arguments.backbone_weights is None:
        weights = DEFAULT.backbone_weights if architecture.imagenet else "none"
        recipe = replace(recipe, backbone_weights=weights)
    architecture.check(recipe.input_size, recipe.alpha, recipe.backbone_weights)
    if recipe.start_from and arguments.backbone_weights is not None:
        raise UsageError("--start-from and --backbone-weights: a run starts from one of them")
    return recipe


def _number(group: argparse._ArgumentGroup, flag: str, kind: type, text: str) -> None:
    default = getattr(DEFAULT, flag[2:].replace("-", "_"))
    shown = text if text.endswith(")") else f"{text} ({default:g})".strip()
    group.add_argument(flag, type=kind, metavar="N" if kind is int else "X", help=shown)


def _choice(group: argparse._ArgumentGroup, flag: str, choices: tuple[str, ...], text: str) -> None:
    default = getattr(DEFAULT, flag[2:].replace("-", "_"))
    group.add_argument(flag, choices=choices, help=f"{text} ({default})")
