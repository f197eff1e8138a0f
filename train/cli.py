"""`edge-train`: from a folder of labelled faces to a float Keras model and its figures.

Examples:
    edge-train fit --data data/fer2013 --run runs/first --backbone-weights imagenet
    edge-train fit --data data/fer2013 --run runs/first --resume
    edge-train balance runs/first/best.keras --data data/fer2013
    edge-train evaluate runs/first/balanced.keras --data data/fer2013
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict, fields
from pathlib import Path

from edge.command import parser, run_command
from edge.errors import EX_INTERRUPTED, UsageError


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(_parser(), argv)


def _parser() -> argparse.ArgumentParser:
    top = parser("edge-train", __doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    fit = commands.add_parser("fit", help="train a model", description="Train a MobileNetV2.")
    _add_data(fit)
    fit.add_argument("--run", type=Path, required=True, help="folder for the run's files")
    fit.add_argument("--resume", action="store_true", help="go on where the run stopped")
    fit.add_argument("--input-size", type=int, metavar="PX", help="side of the input (64)")
    fit.add_argument("--alpha", type=float, help="width of the network (1.0)")
    fit.add_argument(
        "--backbone-weights",
        metavar="imagenet|PATH|none",
        help="what the features start from: Keras' download, a weight file, nothing (imagenet)",
    )
    fit.add_argument(
        "--start-from",
        metavar="MODEL.keras",
        help="go on from a trained model, at this --input-size, with a lower --learning-rate",
    )
    fit.add_argument("--epochs", type=int, help="(28)")
    fit.add_argument("--batch", type=int, help="faces a step (64)")
    fit.add_argument("--learning-rate", type=float, help="at the top of the cycle (8e-4)")
    fit.add_argument(
        "--ferplus-share",
        type=float,
        help="weight of the FER+ votes in the target, the rest is FER-2013's label (0.5)",
    )
    fit.add_argument("--seed", type=int, help="(0)")
    fit.add_argument("--threads", type=int, default=0, help="CPU threads, 0 for all (0)")
    fit.set_defaults(run_it=_fit)

    balance = commands.add_parser(
        "balance",
        help="one bias per emotion for the best fit to both label sets",
        description="Choose a bias per emotion on PublicTest; write balanced.keras beside MODEL.",
    )
    balance.add_argument("model", type=Path, metavar="MODEL.keras")
    _add_data(balance)
    balance.add_argument(
        "--original-weight",
        type=float,
        default=0.5,
        metavar="W",
        help="weight of FER-2013's labels; the FER+ majority has the rest (0.5)",
    )
    balance.set_defaults(run_it=_balance)

    evaluate = commands.add_parser("evaluate", help="score a Keras model on both test splits")
    evaluate.add_argument("model", type=Path, metavar="MODEL.keras")
    _add_data(evaluate)
    evaluate.add_argument("--json", action="store_true", help="print everything, for machines")
    evaluate.set_defaults(run_it=_evaluate)

    faces = commands.add_parser("composites", help="make the built-in visitor's faces")
    _add_data(faces)
    faces.add_argument("--out", type=Path, required=True, metavar="DIR", help="edge/camera/visitor")
    faces.set_defaults(run_it=_composites)
    return top


def _add_data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder with Kaggle's fer2013.csv, and FER+'s fer2013new.csv beside it",
    )


def _prepare_backend(threads: int) -> None:
    """Choose Keras' backend and its threads; both must happen before Keras is imported."""
    if threads < 0:
        raise UsageError(f"--threads {threads}: must be 0 or more")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from train.denormals import flush_denormals

    flush_denormals()
    if threads and os.environ["KERAS_BACKEND"] == "tensorflow":
        import tensorflow

        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(threads)


def _recipe(arguments: argparse.Namespace) -> dict[str, object]:
    given = vars(arguments)
    from train.fit import Recipe

    names = [field.name for field in fields(Recipe)]
    values = {name: given[name] for name in names if given.get(name) is not None}
    recipe = Recipe(**values)
    for name, low, high in (
        ("input_size", 32, 224),
        ("alpha", 0.1, 2.0),
        ("epochs", 1, 10_000),
        ("batch", 2, 4096),
        ("learning_rate", 1e-7, 1.0),
        ("ferplus_share", 0.0, 1.0),
        ("seed", 0, 2**32 - 1),
    ):
        if not low <= getattr(recipe, name) <= high:
            flag = "--" + name.replace("_", "-")
            raise UsageError(f"{flag} {getattr(recipe, name)}: must lie in {low} to {high}")
    return asdict(recipe)


def _fit(arguments: argparse.Namespace) -> int:
    _prepare_backend(arguments.threads)
    from train.data import load
    from train.fit import Recipe, fit

    recipe = Recipe(**_recipe(arguments))  # type: ignore[arg-type]
    print(f"reading {arguments.data} ...", flush=True)
    splits = load(arguments.data)
    print(", ".join(f"{len(faces)} {name}" for name, faces in splits.items()), flush=True)
    try:
        fit(splits, recipe, arguments.run, arguments.resume, say=_say)
    except KeyboardInterrupt:
        if (arguments.run / "last.weights.h5").exists():
            print(
                f"\nstopped; the best epoch is {arguments.run / 'best.keras'}, --resume goes on "
                "after the last whole epoch"
            )
        else:
            print("\nstopped before the end of the first epoch; the same command starts again")
        return EX_INTERRUPTED
    print(f"{arguments.run / 'best.keras'}: done; edge-convert makes the files for the device")
    return 0


def _balance(arguments: argparse.Namespace) -> int:
    weight = arguments.original_weight
    if not 0 <= weight <= 1:
        raise UsageError(f"--original-weight {weight}: must lie in 0 to 1")
    _prepare_backend(0)
    from edge.labels import EMOTIONS
    from train.balance import balance
    from train.data import load
    from train.evaluate import load_keras

    model, public = load_keras(arguments.model), load(arguments.data)["PublicTest"]
    bias = balance(model, public, weight, arguments.model.with_name("balanced.keras"))
    print(", ".join(f"{name} {b:+.2f}" for name, b in zip(EMOTIONS, bias, strict=True)))
    print(f"{arguments.model.with_name('balanced.keras')}: written; edge-convert takes it")
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    _prepare_backend(0)
    from train.data import TEST_SPLITS, load
    from train.evaluate import evaluate, load_keras
    from train.table import accuracy_table

    model, splits = load_keras(arguments.model), load(arguments.data)
    names = TEST_SPLITS
    results = evaluate(model, splits, names)
    if arguments.json:
        print(json.dumps(results, indent=1))
    else:
        print(accuracy_table((arguments.model.name, name, results[name]) for name in names))
        print(f"temperature {results['temperature']:.3f}, from PublicTest")
    return 0


def _composites(arguments: argparse.Namespace) -> int:
    from train.composites import composites, write
    from train.data import load

    write(composites(load(arguments.data)["Training"]), arguments.out)
    return 0


def _say(line: str) -> None:
    print(line, flush=True)
