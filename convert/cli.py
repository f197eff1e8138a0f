"""`edge-convert`: float Keras model in, verified files for the device out.

Example:
    edge-convert runs/first/best.keras --data data/fer2013 --out models --name emotion
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from edge.command import parser, run_command
from edge.errors import UsageError
from train.commands.common import add_data, load_splits, say


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(_parser(), argv)


def _parser() -> argparse.ArgumentParser:
    made = parser("edge-convert", __doc__)
    made.add_argument("model", type=Path, metavar="MODEL.keras", help="as edge-train fit wrote it")
    add_data(made)
    made.add_argument("--out", type=Path, required=True, metavar="DIR", help="for files and card")
    made.add_argument("--name", default="emotion", help="what the files begin with (emotion)")
    made.add_argument(
        "--max-drop",
        type=float,
        default=0.5,
        metavar="POINTS",
        help="accuracy that int8 may lose on PublicTest, in points (0.5)",
    )
    made.add_argument(
        "--audit", type=Path, metavar="FILE", help="edge-train audit's audit.json, for the card"
    )
    made.set_defaults(run_it=_run)
    return made


def _run(arguments: argparse.Namespace) -> int:
    os.environ["KERAS_BACKEND"] = "tensorflow"  # the converter is TensorFlow's
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if not arguments.name or Path(arguments.name).name != arguments.name:
        raise UsageError(f"--name {arguments.name!r}: must be a plain file name")
    if not -100 <= arguments.max_drop <= 100:
        raise UsageError(f"--max-drop {arguments.max_drop}: must lie in -100 to 100 points")
    from convert.convert import convert
    from convert.data_audit import summary
    from convert.trained import trained
    from train.data import TEST_SPLITS
    from train.evaluate import load_keras
    from train.table import accuracy_table

    audit = summary(arguments.audit) if arguments.audit else None
    model = load_keras(arguments.model)
    splits = load_splits(arguments)
    told = convert(
        model,
        splits,
        arguments.out,
        arguments.name,
        trained=trained(arguments.model),
        max_drop=arguments.max_drop / 100,
        say=say,
        audit=audit,
    )
    rows = [
        (file, split, about["metrics"][split])
        for file, about in told["files"].items()
        for split in TEST_SPLITS
    ]
    print(accuracy_table(rows))
    print(f"{arguments.out / arguments.name}.json: written; edge-run --model takes it")
    return 0
