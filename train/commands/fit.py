"""`edge-train fit`: one training run, or one a fold."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.errors import EX_INTERRUPTED, UsageError
from train.commands import folds
from train.commands.common import Commands, add_data, load_splits, prepare_backend, say
from train.commands.recipe import add_recipe, recipe_of


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser("fit", help="train a model", description=__doc__)
    add_data(command)
    command.add_argument("--run", type=Path, required=True, help="folder for the run's files")
    command.add_argument("--resume", action="store_true", help="go on where the run stopped")
    add_recipe(command)
    folds.add_folds(command.add_argument_group("cross-validation: one run a fold"), folds=None)
    machine = command.add_argument_group("machine")
    machine.add_argument("--threads", type=int, default=0, help="CPU threads, 0 for all (0)")
    machine.add_argument(
        "--distribute", action="store_true", help="share each batch among all accelerators"
    )
    machine.add_argument(
        "--tensorboard", action="store_true", help="write TensorBoard's files into the run, too"
    )
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    recipe = recipe_of(arguments)
    if arguments.folds is not None and arguments.folds < 2:
        raise UsageError(f"--folds {arguments.folds}: must be 2 or more")
    if arguments.folds:
        if arguments.distribute or arguments.tensorboard:
            raise UsageError("--folds: goes neither with --distribute nor with --tensorboard")
        return folds.run(arguments)
    prepare_backend(arguments.threads, recipe.deterministic)
    if arguments.distribute:
        from train.distribute import share_batches

        say(share_batches(recipe.batch))
    splits = load_splits(arguments, votes_required=recipe.labels == "ferplus")
    run = arguments.run
    from train.fit import fit

    try:
        fit(splits, recipe, run, arguments.resume, say, tensorboard=arguments.tensorboard)
    except KeyboardInterrupt:
        return _stopped(run)
    say(f"{run / 'best.keras'}: done; edge-convert makes the files for the device")
    return 0


def _stopped(run: Path) -> int:
    if (run / "last.weights.h5").exists():
        say(
            f"\nstopped; the best epoch is {run / 'best.keras'}, --resume goes on after the last "
            "whole epoch"
        )
    else:
        say("\nstopped before the end of the first epoch; the same command starts again")
    return EX_INTERRUPTED
