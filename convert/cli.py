"""`edge-convert`: float model in, verified files for the device out.

Examples:
    edge-convert runs/first/best.keras --data data/fer2013 --out models --name emotion
    edge-convert models/emotion-float32.tflite --data data/fer2013 --out models
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from convert.formats import ENDINGS, parse_formats
from convert.plan import AWARE, LEAST, MINUTES, MOST, Plan
from edge.command import parser, run_command
from edge.errors import UsageError
from edge.quiet import native_stderr_discarded
from train.commands.common import add_data, load_splits, say
from train.data.targets import LABELS

LONGEST_NAME = 200  # bytes; what is put before and after it must fit into 255


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(_parser(), argv)


def _parser() -> argparse.ArgumentParser:
    made = parser("edge-convert", __doc__)
    made.add_argument(
        "model",
        type=Path,
        metavar="MODEL",
        help="a .keras file as edge-train wrote it, or a float32 .tflite file as shipped",
    )
    add_data(made)
    made.add_argument("--out", type=Path, required=True, metavar="DIR", help="for files and card")
    made.add_argument("--name", default="emotion", help="what the files begin with (emotion)")
    made.add_argument(
        "--formats",
        default=",".join(ENDINGS),
        metavar="LIST",
        help=f"files to make, with commas between: {', '.join(ENDINGS)} (all)",
    )
    made.add_argument(
        "--labels",
        choices=LABELS,
        default="both",
        help="what the probabilities are to mean: that FER-2013's label is so (fer2013), or which "
        "share of FER+'s annotators would say so (ferplus); (both: in between)",
    )
    made.add_argument(
        "--max-drop",
        type=float,
        default=0.5,
        metavar="POINTS",
        help="accuracy that a quantised file may lose on PublicTest, in points (0.5)",
    )
    made.add_argument(
        "--keep-float",
        nargs="+",
        action="extend",
        default=[],
        metavar="LAYER",
        help="Keras layers that stay float in the int8 files; NAME-layers.csv shows the noisiest",
    )
    made.add_argument(
        "--representative",
        type=Path,
        metavar="FILE.csv",
        help="take the ranges of int8 from exactly these Training faces; each conversion writes "
        "such a list (420, as many of each class, always the same of the same data)",
    )
    made.add_argument(
        "--batch",
        type=int,
        default=0,
        metavar="N",
        help=f"make a second ONNX file of each for N faces at a time, {LEAST} to {MOST}; a TFLite "
        "file takes them after resize_tensor_input",
    )
    made.add_argument(
        "--aware",
        choices=AWARE,
        default="auto",
        help="fine-tune with quantisation in the loop: auto, where --max-drop is exceeded (auto)",
    )
    made.add_argument(
        "--aware-minutes",
        type=float,
        default=MINUTES,
        metavar="X",
        help=f"how long that may take ({MINUTES:g})",
    )
    made.add_argument(
        "--audit", type=Path, metavar="FILE", help="edge-train audit's audit.json, for the card"
    )
    made.set_defaults(run_it=_run)
    return made


def _run(arguments: argparse.Namespace) -> int:
    plan = _plan(arguments)
    _start_tensorflow()
    from convert.convert import convert
    from convert.data_audit import summary
    from convert.source import read_source

    audit = summary(arguments.audit) if arguments.audit else None
    source = read_source(arguments.model)
    splits = load_splits(arguments)
    told = convert(
        source.model,
        splits,
        arguments.out,
        arguments.name,
        trained=source.trained,
        plan=plan,
        say=say,
        audit=audit or source.audit,
    )
    _show(told, arguments.out)
    return 0


def _start_tensorflow() -> None:
    os.environ["KERAS_BACKEND"] = "tensorflow"  # the converter is TensorFlow's
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with native_stderr_discarded():  # it tells of processor and GPU before it heeds that level
        import tensorflow  # noqa: F401


def _is_plain(name: str) -> bool:
    """Whether files that begin with it are seen by `ls`, are no flags, and fit a card."""
    return (
        name.isprintable()  # so is no byte that is not UTF-8
        and not name.startswith((".", "-"))
        and Path(name).name == name != ""
        and len(name.encode()) <= LONGEST_NAME
    )


def _plan(arguments: argparse.Namespace) -> Plan:
    if not _is_plain(arguments.name):
        raise UsageError(
            f"--name {arguments.name[:40]!r}: must be a plain file name, printable, of at most "
            f"{LONGEST_NAME} bytes, and begin with neither . nor -"
        )
    if not -100 <= arguments.max_drop <= 100:
        raise UsageError(f"--max-drop {arguments.max_drop}: must lie in -100 to 100 points")
    if not 0 < arguments.aware_minutes <= 10_000:
        raise UsageError(f"--aware-minutes {arguments.aware_minutes}: must lie in 0 to 10000")
    formats = parse_formats(arguments.formats)
    if arguments.batch and not LEAST <= arguments.batch <= MOST:
        raise UsageError(f"--batch {arguments.batch}: must lie in {LEAST} to {MOST}")
    if arguments.batch and not any(one.container == "onnx" for one in formats):
        raise UsageError("--batch: needs an ONNX file in --formats; TFLite files take any batch")
    if arguments.keep_float and not any(one.precision == "int8" for one in formats):
        raise UsageError("--keep-float: needs an int8 file in --formats; no other heeds it")
    return Plan(
        formats=formats,
        labels=arguments.labels,
        max_drop=arguments.max_drop / 100,
        keep_float=tuple(arguments.keep_float),
        pinned=arguments.representative,
        batch=arguments.batch,
        aware=arguments.aware,
        aware_minutes=arguments.aware_minutes,
    )


def _show(told: dict[str, Any], out: Path) -> None:
    from convert.table import proof_table
    from train.data import TEST_SPLITS
    from train.table import accuracy_table

    rows = [
        (file, split, about["metrics"][split])
        for file, about in told["files"].items()
        for split in TEST_SPLITS
    ]
    print(accuracy_table(rows))
    print()
    print(proof_table(told))
    print(f"{out / told['name']}.json: written; edge-run --model takes it")
