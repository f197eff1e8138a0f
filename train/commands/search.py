"""`edge-train search`: recipes tried for a few minutes each, within a budget."""

from __future__ import annotations

import argparse
import json
import math
import shlex
from pathlib import Path

from edge.errors import EX_INTERRUPTED, UsageError
from edge.files import write_text
from train.commands.common import Commands, add_data, load_splits, prepare_backend, say
from train.commands.recipe import add_recipe, recipe_of
from train.recipe import Recipe

SPACE = "head_units,dropout,learning_rate,alpha,input_size"
METHODS = ("bayesian", "random")


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser(
        "search",
        help="try recipes within a budget of minutes",
        description="Try recipes around the one that the other flags give, each in a short run of "
        "its own, and say which to train whole. --epochs and --schedule are those of that whole "
        "training; each trial has its own bound.",
        conflict_handler="resolve",  # --minutes is the search's here
    )
    add_data(command)
    add_recipe(command)
    command.add_argument("--run", type=Path, required=True, help="folder for all trials")
    command.add_argument("--resume", action="store_true", help="go on where the search stopped")
    command.add_argument(
        "--minutes",
        dest="search_minutes",
        type=float,
        metavar="X",
        help="wall-clock of the whole search; a trial that would not be over in time is not begun",
    )
    command.add_argument("--max-trials", type=int, default=0, metavar="N", help="end after as many")
    bound = command.add_mutually_exclusive_group()
    bound.add_argument(
        "--trial-minutes", type=float, metavar="X", help="CPU minutes of training a trial (5)"
    )
    bound.add_argument("--trial-epochs", type=int, metavar="N", help="epochs a trial instead")
    command.add_argument(
        "--space", metavar="NAME,...", help=f"what to vary ({SPACE}, as far as the network can)"
    )
    command.add_argument(
        "--method",
        choices=METHODS,
        default="bayesian",
        help="who proposes: a Gaussian process that learns from the trials, or chance (bayesian)",
    )
    command.add_argument("--threads", type=int, default=0, help="CPU threads, 0 for all (0)")
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    base = recipe_of(arguments)
    minutes, epochs = arguments.trial_minutes, arguments.trial_epochs
    for flag, value in (
        ("--minutes", arguments.search_minutes),
        ("--trial-minutes", minutes),
        ("--trial-epochs", epochs),
    ):
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise UsageError(f"{flag} {value:g}: must be above 0")
    if arguments.max_trials < 0:
        raise UsageError(f"--max-trials {arguments.max_trials}: must be 0 or more")
    if arguments.search_minutes is None and not arguments.max_trials:
        raise UsageError("--minutes or --max-trials: a search needs an end")
    prepare_backend(arguments.threads, base.deterministic)
    splits = load_splits(arguments, votes_required=base.labels == "ferplus")
    from train.search import Budget, search
    from train.search.space import possible
    from train.search.trials import as_table

    try:
        trials, ended = search(
            splits,
            base,
            arguments.run,
            arguments.space.split(",") if arguments.space else possible(base),
            Budget(arguments.search_minutes or math.inf, arguments.max_trials),
            trial_minutes=minutes or (0.0 if epochs else 5.0),
            trial_epochs=epochs or 0,
            method=arguments.method,
            resume=arguments.resume,
            say=say,
        )
    except KeyboardInterrupt:
        say(f"\nstopped; --resume goes on in {arguments.run}, finished trials are kept")
        return EX_INTERRUPTED
    say(f"ended: {ended}\n")
    say(as_table(trials))
    _tell_best(arguments)
    return 0


def _tell_best(arguments: argparse.Namespace) -> None:
    """Add the command that trains the best recipe whole to `best.json`, and print it."""
    path = arguments.run / "best.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    recipe = Recipe(**{**told["recipe"], "teachers": tuple(told["recipe"]["teachers"])})
    words = ["edge-train", "fit", *_data_flags(arguments), "--run", f"{arguments.run}-best"]
    told["command"] = shlex.join([*words, *recipe_flags(recipe)])
    write_text(path, json.dumps(told, indent=1))
    say(f"\nbest is {told['trial']}, {told['score']:.2%}; to train it whole:\n{told['command']}")


def _data_flags(arguments: argparse.Namespace) -> list[str]:
    words = ["--data", str(arguments.data)]
    words += [word for one in arguments.extra for word in ("--extra", str(one))]
    words += [word for one in arguments.map for word in ("--map", one)]
    return words + (["--only", str(arguments.only)] if arguments.only else [])


def recipe_flags(recipe: Recipe) -> list[str]:
    """The flags of `edge-train fit` that give this recipe."""
    words = ["--input-size", str(recipe.input_size)]  # whose default follows from the network
    if not recipe.start_from:  # which takes their place
        words += ["--backbone-weights", recipe.backbone_weights]
    for name, default in vars(Recipe()).items():
        value = getattr(recipe, name)
        if value == default or name in ("input_size", "backbone_weights"):
            continue
        if name == "teachers":
            words += [word for one in value for word in ("--teacher", one)]
        elif value is True:
            words.append(_flag(name))
        else:
            words += [_flag(name), f"{value}"]
    return words


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
