"""`edge-convert`: float Keras model in, verified files for the device out.

Example:
    edge-convert runs/first/best.keras --data data/fer2013 --out models --name emotion
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from edge.command import parser, run_command
from edge.errors import DataError, UsageError
from edge.vision.card import find_card
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
        trained=_trained(arguments.model),
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


def _trained(model: Path) -> dict[str, Any]:
    """How a model came about, from the files beside it, without the paths of the machine."""
    recipe = model.with_name("recipe.json")
    if not recipe.is_file():
        return {"recipe": "unknown: no recipe.json beside the model"}
    told = _read(recipe)
    weights, before = str(told.get("backbone_weights", "")), str(told.get("start_from", ""))
    if weights not in ("imagenet", "none"):
        told["backbone_weights"] = Path(weights).name
    trained: dict[str, Any] = {"command": "edge-train fit", "recipe": told}
    told["teachers"] = [Path(teacher).name for teacher in told.get("teachers", [])]
    if before and Path(before) != model:
        told["start_from"] = Path(before).name
        trained["before"] = _trained_before(Path(before))
    balance = model.with_suffix(".balance.json")
    if balance.is_file():  # as edge-train balance leaves it
        trained["balanced"] = _read(balance)
    return trained


def _trained_before(model: Path) -> dict[str, Any]:
    """The same of a model that was gone on from; of a shipped file, as its card tells."""
    if model.suffix != ".tflite":
        return _trained(model)
    return dict(_read(find_card(model).path).get("trained", {"recipe": "unknown"}))


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); mend it or move it away") from error
