"""What the commands share: the flags for a result's way out, and that way."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.bands import REFERENCE, read_bands, remember, verdicts
from benchmarks.result import Figure, envelope
from benchmarks.result_file import write
from edge.errors import UsageError
from edge.files import is_special
from edge.vision.card import DEFAULT_CARD, SHIPPED

Commands = Any  # argparse's sub-parsers, whose class it keeps to itself


def add_data(command: argparse.ArgumentParser) -> None:
    """Add `--data`."""
    command.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder with Kaggle's fer2013.csv, and FER+'s fer2013new.csv beside it",
    )


def add_card(command: argparse.ArgumentParser, what: str = "model card") -> None:
    """Add `--card`, and `--labels` as the short name of a shipped one; both set `card`."""
    one = command.add_mutually_exclusive_group()
    one.add_argument(
        "--card", type=Path, default=DEFAULT_CARD, metavar="FILE", help=f"{what} (the shipped one)"
    )
    one.add_argument(
        "--labels",
        type=shipped_card,
        dest="card",
        default=argparse.SUPPRESS,  # that of --card
        metavar="|".join(SHIPPED),
        help="which of the shipped cards, by whose labels its model follows",
    )


def shipped_card(labels: str) -> Path:
    """The shipped card of that name.

    Raises:
        ArgumentTypeError: there is none.
    """
    if labels not in SHIPPED:
        raise argparse.ArgumentTypeError(f"{labels}: must be one of {', '.join(SHIPPED)}")
    return SHIPPED[labels]


def add_output(command: argparse.ArgumentParser) -> None:
    """Add `--json`, `--out` and `--remember`."""
    out = command.add_argument_group("what to do with the result")
    out.add_argument("--json", action="store_true", help="print everything, for machines")
    out.add_argument(
        "--out",
        type=new_file,
        metavar="FILE.json",
        help="keep it, for edge-bench compare and report",
    )
    out.add_argument(
        "--remember",
        action="store_true",
        help=f"make these figures this machine's reference, in {REFERENCE.name}/",
    )


def new_file(text: str) -> Path:
    """A file to write, seen to be possible before an hour is spent on its content.

    Raises:
        ArgumentTypeError: it is a folder, a device or a pipe, or its folder cannot be written to.
    """
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{path}: is a folder; name a file")
    if is_special(path):
        raise argparse.ArgumentTypeError(f"{path}: is no ordinary file; name one")
    there = next(folder for folder in path.absolute().parents if folder.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)):
        raise argparse.ArgumentTypeError(f"{path}: {there} cannot be written to")
    return path


def finish(
    arguments: argparse.Namespace,
    benchmark: str,
    measured: dict[str, Any],
    as_text: Callable[[dict[str, Any]], str],
    figures: Sequence[Figure],
    files: Sequence[Path] = (),
    warnings: Sequence[str] = (),
) -> int:
    """Keep, print and compare one result; every command ends here.

    Args:
        measured: All that was found, for JSON.
        as_text: The same as Markdown, for people.
        figures: The few that another run is compared with.
        files: What was measured, for its hashes.
        warnings: Why the figures may be worth less than they look.
    """
    told = envelope(benchmark, measured, figures, files, warnings)
    if arguments.out:
        write(arguments.out, told)
        say(f"{arguments.out}: written")
    if arguments.json:
        write(None, told)
    else:
        print(as_text(measured))
        print("\non " + ", ".join(f"{key} {value}" for key, value in told["machine"].items()))
    for line in told["warnings"]:
        say(f"warning: {line}")
    for line in verdicts(told, read_bands(told["machine"]["machine"])):
        say(line)
    if arguments.remember:
        in_spite = ", in spite of the warnings" if told["warnings"] else ""
        say(f"{remember(told)}: remembers these figures{in_spite}")
    return 0


def at_least_one(number: int, flag: str) -> int:
    """The number, if it is one to count to.

    Raises:
        UsageError: it is below 1.
    """
    if number < 1:
        raise UsageError(f"{flag} {number}: must be at least 1")
    return number


def say(line: str) -> None:
    """Print one line for people, beside a result that may be for machines."""
    print(line, file=sys.stderr, flush=True)
