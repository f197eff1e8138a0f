"""What several commands share: the flags that name the data, and Keras' backend."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.errors import UsageError
from edge.quiet import native_stderr_discarded

if TYPE_CHECKING:
    from train.data import FaceSet

Commands = Any  # argparse's sub-parsers, whose class it keeps to itself


def add_data(command: argparse.ArgumentParser, required: bool = True) -> None:
    """Add `--data`, `--extra`, `--map` and `--only`."""
    command.add_argument(
        "--data",
        type=Path,
        required=required,
        metavar="DIR",
        help="Kaggle's fer2013.csv or its train/ and test/ folders, or one folder a class; "
        "FER+'s fer2013new.csv beside them is used",
    )
    command.add_argument(
        "--extra",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="another folder of faces to train on, as often as wanted; other names of the "
        "emotions are understood, contempt is left out",
    )
    command.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="NAME=CLASS",
        help="what a class folder of --extra holds, or NAME=drop",
    )
    command.add_argument(
        "--only",
        type=Path,
        metavar="LIST.csv",
        help="read only the faces in this list, which edge-train audit --fix writes",
    )


def load_splits(
    arguments: argparse.Namespace,
    votes_required: bool = False,
    tell: Callable[[str], None] | None = None,
) -> dict[str, FaceSet]:
    """Read what `add_data`'s flags name, and tell (print, if nothing is given) how much that is."""
    from train.data import load

    tell = tell or say
    tell(f"reading {arguments.data} ...")
    splits = load(
        arguments.data,
        extra=tuple(arguments.extra),
        only=arguments.only,
        class_map=dict(_pair(one) for one in arguments.map),
        votes_required=votes_required,
        say=tell,
    )
    tell(", ".join(f"{len(faces)} {name}" for name, faces in splits.items()))
    return splits


def _pair(text: str) -> tuple[str, str]:
    name, equals, told = text.partition("=")
    if not (name and equals and told):
        raise UsageError(f"--map {text!r}: must be NAME=CLASS or NAME=drop")
    return name, told


def prepare_backend(threads: int = 0, deterministic: bool = False) -> None:
    """Choose Keras' backend and its threads; all must happen before Keras is imported."""
    if threads < 0:
        raise UsageError(f"--threads {threads}: must be 0 or more")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if deterministic and os.environ["KERAS_BACKEND"] == "jax":
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()
    from train.denormals import flush_denormals

    flush_denormals()
    if os.environ["KERAS_BACKEND"] != "tensorflow":
        return
    with native_stderr_discarded():  # it tells of processor and GPU before it heeds that level
        import tensorflow

    if threads:
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(threads)
    if deterministic:
        tensorflow.config.experimental.enable_op_determinism()


def say(line: str) -> None:
    """Print one line at once."""
    print(line, flush=True)
