"""`edge-bench`: measures the shipped files and the pipeline on this machine.

Examples:
    edge-bench accuracy --data data/fer2013     every file on FER-2013, both label sets
    edge-bench peers                            CPU time a frame beside the usual loops
    edge-bench startup                          time to the first frame, and memory
    edge-bench architectures --data data/fer2013 --minutes 6 --out runs/architectures
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from edge.command import parser, run_command
from edge.errors import UsageError
from edge.vision.card import DEFAULT_CARD


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(_parser(), argv)


def _parser() -> argparse.ArgumentParser:
    top = parser("edge-bench", __doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    accuracy = commands.add_parser("accuracy", help="every shipped file on FER-2013")
    accuracy.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder with Kaggle's fer2013.csv, and FER+'s fer2013new.csv beside it",
    )
    accuracy.add_argument(
        "--card", type=Path, default=DEFAULT_CARD, help="model card (the shipped one)"
    )
    accuracy.set_defaults(run_it=_accuracy)

    peers = commands.add_parser("peers", help="CPU time a frame beside the loops people write")
    peers.add_argument("--frames", type=int, default=150, metavar="N", help="(150)")
    peers.set_defaults(run_it=_peers)

    startup = commands.add_parser("startup", help="time to the first frame, and memory")
    startup.add_argument("--runs", type=int, default=5, metavar="N", help="(5)")
    startup.set_defaults(run_it=_startup)

    architectures = commands.add_parser(
        "architectures",
        help="every network, trained with the same small budget",
        description="Train every architecture for the same CPU minutes, convert each to int8, and "
        "set accuracy, size and latency side by side.",
    )
    architectures.add_argument("--data", type=Path, required=True, metavar="DIR", help="FER-2013")
    architectures.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="for runs, rows and the table"
    )
    architectures.add_argument(
        "--minutes", type=float, default=6.0, metavar="X", help="CPU minutes of training each (6)"
    )
    architectures.add_argument(
        "--only", default="", metavar="NAME,...", help="these architectures (all)"
    )
    architectures.add_argument(
        "--weights",
        action="append",
        default=[],
        metavar="NAME=imagenet|PATH",
        help="what this one's features start from, as often as wanted (from scratch)",
    )
    architectures.add_argument(
        "--threads", type=int, default=1, metavar="N", help="for training, 0 for all (1)"
    )
    architectures.add_argument("--resume", action="store_true", help="make the missing rows only")
    architectures.set_defaults(run_it=_architectures)

    for command in (accuracy, peers, startup, architectures):
        command.add_argument("--json", action="store_true", help="print everything, for machines")
    return top


def _accuracy(arguments: argparse.Namespace) -> int:
    from benchmarks import accuracy
    from train.data import load

    _say(f"reading {arguments.data} ...")
    measured = accuracy.measure(arguments.card, load(arguments.data), _say)
    return _print(measured, accuracy.as_text, arguments.json)


def _peers(arguments: argparse.Namespace) -> int:
    from benchmarks import peers

    measured = peers.measure(_at_least_one(arguments.frames, "--frames"), _say)
    return _print(measured, peers.as_text, arguments.json)


def _startup(arguments: argparse.Namespace) -> int:
    from benchmarks import startup

    measured = startup.measure(_at_least_one(arguments.runs, "--runs"), _say)
    return _print(measured, startup.as_text, arguments.json)


def _architectures(arguments: argparse.Namespace) -> int:
    from benchmarks import architectures

    if not 0 < arguments.minutes < math.inf:
        raise UsageError(f"--minutes {arguments.minutes:g}: must be above 0")
    if arguments.threads < 0:
        raise UsageError(f"--threads {arguments.threads}: must be 0 or more")
    measured = architectures.measure(
        arguments.data,
        arguments.out,
        arguments.minutes,
        only=tuple(name for name in arguments.only.split(",") if name),
        weights=dict(_pair(text) for text in arguments.weights),
        threads=arguments.threads,
        resume=arguments.resume,
        say=_say,
    )
    return _print(measured, architectures.as_text, arguments.json)


def _pair(text: str) -> tuple[str, str]:
    name, equals, source = text.partition("=")
    if not (name and equals and source):
        raise UsageError(f"--weights {text!r}: must be NAME=imagenet or NAME=PATH")
    return name, source


def _at_least_one(number: int, flag: str) -> int:
    if number < 1:
        raise UsageError(f"{flag} {number}: must be at least 1")
    return number


def _print(
    measured: dict[str, Any], as_text: Callable[[dict[str, Any]], str], as_json: bool
) -> int:
    here = machine()
    if as_json:
        print(json.dumps({"machine": here, **measured}, indent=1))
    else:
        print(as_text(measured))
        print("on " + ", ".join(f"{key} {value}" for key, value in here.items()))
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
