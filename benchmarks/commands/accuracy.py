"""`edge-bench accuracy`: every shipped file on FER-2013."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmarks.commands.common import (
    Commands,
    add_card,
    add_data,
    add_output,
    at_least_one,
    finish,
    say,
)
from train.data import TEST_SPLITS

FACES = 900  # of 3,589: an interval of three points either way, in minutes


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser("accuracy", help="every shipped file on FER-2013")
    add_data(command)
    add_card(command)
    command.add_argument(
        "--split",
        choices=TEST_SPLITS,
        help="one split alone (both); choose on PublicTest, so that PrivateTest stays unseen",
    )
    command.add_argument(
        "--float",
        type=Path,
        metavar="MODEL.keras",
        help="hold the files against this Keras model where TensorFlow is installed (the card's "
        "float file)",
    )
    more = command.add_argument_group("more, with the file that a device takes")
    more.add_argument(
        "--end-to-end",
        action="store_true",
        help="faces set into frames: found, cropped, read; on PublicTest at several crop margins",
    )
    more.add_argument(
        "--robustness",
        action="store_true",
        help="under ever less light, more blur, noise, JPEG, distance and tilt",
    )
    more.add_argument(
        "--faces", type=int, default=FACES, metavar="N", help=f"for these two ({FACES})"
    )
    add_output(command)
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    from benchmarks import accuracy
    from train.data import load

    count = at_least_one(arguments.faces, "--faces")
    asked = accuracy.Asked(
        splits=(arguments.split,) if arguments.split else TEST_SPLITS,
        float_model=arguments.float,
        end_to_end=count if arguments.end_to_end else 0,
        robustness=count if arguments.robustness else 0,
    )
    say(f"reading {arguments.data} ...")
    measured = accuracy.measure(arguments.card, load(arguments.data, say=say), say, asked)
    return finish(
        arguments,
        "accuracy",
        measured,
        accuracy.as_text,
        accuracy.figures(measured),
        files=_files(arguments, measured),
        warnings=_warnings(arguments, measured),
    )


def _files(arguments: argparse.Namespace, measured: dict[str, Any]) -> list[Path]:
    """The card and whatever was read."""
    given: Path | None = arguments.float
    folder = arguments.card.parent
    return [arguments.card] + [
        given if given is not None and name == given.name else folder / name
        for name in measured["scores"]
    ]


def _warnings(arguments: argparse.Namespace, measured: dict[str, Any]) -> list[str]:
    """What was asked for, or shipped, and is not in the result."""
    without_keras = arguments.float is not None and measured["float"] != arguments.float.name
    return [*measured["left_out"], *([measured["about_float"]] if without_keras else [])]
