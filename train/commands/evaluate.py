"""`edge-train evaluate`: a Keras model on both test splits."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from train.commands.common import Commands, add_data, load_splits, prepare_backend, say


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser("evaluate", help="score a Keras model on both test splits")
    command.add_argument("model", type=Path, metavar="MODEL.keras")
    add_data(command)
    command.add_argument("--json", action="store_true", help="print everything, for machines")
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    prepare_backend()
    from train.data import TEST_SPLITS
    from train.evaluate import evaluate, load_keras, task_faces
    from train.table import accuracy_table

    model = load_keras(arguments.model)
    splits = load_splits(arguments, tell=_nothing if arguments.json else say)
    results = evaluate(model, task_faces(model, splits), TEST_SPLITS)
    if arguments.json:
        json.dump(results, sys.stdout, indent=1)
        say("")
    else:
        say(accuracy_table((arguments.model.name, name, results[name]) for name in TEST_SPLITS))
        say(f"temperature {results['temperature']:.3f}, from PublicTest")
    return 0


def _nothing(line: str) -> None:
    """Where stdout is for machines."""
