"""`edge-train folds`: repeated stratified cross-validation."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.errors import EX_INTERRUPTED
from train.commands.common import Commands, add_data, load_splits, prepare_backend, say
from train.commands.recipe import add_recipe, recipe_of


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser(
        "folds",
        help="cross-validation: one run a fold, a table with mean and spread",
        description="Train once a fold on Training and PublicTest, judge each network on the part "
        "it did not see, and keep the best or all of them as one. PrivateTest is not looked at.",
    )
    add_data(command)
    command.add_argument("--run", type=Path, required=True, help="folder for all runs")
    command.add_argument(
        "--resume", action="store_true", help="go on with the fold that was not finished"
    )
    add_folds(command, folds=5)
    command.add_argument("--threads", type=int, default=0, help="CPU threads, 0 for all (0)")
    add_recipe(command)
    command.set_defaults(run_it=run)


def add_folds(group: argparse._ActionsContainer, folds: int | None) -> None:
    """Add `--folds`, of which `folds` are the default, `--repeats` and `--keep`."""
    group.add_argument(
        "--folds", type=int, default=folds, metavar="K", help=f"parts ({folds or 'none'})"
    )
    group.add_argument("--repeats", type=int, default=1, metavar="N", help="of all folds (1)")
    group.add_argument(
        "--keep",
        choices=("best", "ensemble"),
        default="best",
        help="the best network, or the mean of all their logits as one model, which costs as much "
        "as all of them (best)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Train the folds that the flags ask for; `fit --folds` does the same."""
    recipe = recipe_of(arguments)
    prepare_backend(arguments.threads, recipe.deterministic)
    splits = load_splits(arguments, votes_required=recipe.labels == "ferplus")
    from train.folds import as_text, cross_validate

    try:
        result = cross_validate(
            splits,
            recipe,
            arguments.run,
            folds=arguments.folds,
            repeats=arguments.repeats,
            keep=arguments.keep,
            resume=arguments.resume,
            say=say,
        )
    except KeyboardInterrupt:
        say(f"\nstopped; --resume goes on in {arguments.run} with the fold that was not finished")
        return EX_INTERRUPTED
    say(as_text(result))
    kept = arguments.run / result["kept"]["file"]
    say(f"{kept}: done; edge-convert makes the files for the device")
    return 0
