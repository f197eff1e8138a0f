"""`edge-train preview`: a picture of what the training does to faces."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2

from edge.errors import UsageError
from edge.files import replacing
from train.commands.common import Commands, add_data, load_splits, prepare_backend, say
from train.commands.recipe import add_recipe, recipe_of


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser(
        "preview",
        help="a picture of the distortions",
        description="Draw some Training faces as fit would distort them with the same flags.",
    )
    add_data(command)
    command.add_argument(
        "--out", type=Path, default=Path("preview.png"), metavar="FILE.png", help="(preview.png)"
    )
    add_recipe(command)
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.out.suffix.lower() != ".png":
        raise UsageError(f"--out {arguments.out}: must end in .png")
    recipe = recipe_of(arguments)
    prepare_backend()
    faces = load_splits(arguments)["Training"]
    from train.preview import preview

    picture = preview(
        faces, recipe.augment, recipe.input_size, recipe.mixup, recipe.cutmix, recipe.seed
    )
    with replacing(arguments.out) as beside:
        cv2.imwrite(str(beside), picture)
    say(f"{arguments.out}: written; it shows faces of the data, so keep it where those are")
    return 0
