"""`edge-bench latency`: milliseconds by file, stage and frame."""

from __future__ import annotations

import argparse

from benchmarks.commands.common import Commands, add_card, add_output, finish


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser(
        "latency",
        help="milliseconds by file, stage and frame",
        description="Time every file of a card in every interpreter installed here, each stage of "
        "the pipeline, and whole frames of the built-in visitors; two or three minutes on a PC.",
    )
    add_card(command)
    command.add_argument(
        "--threads", metavar="N,...", help="of the interpreters (1,2,4 as far as there are cores)"
    )
    command.add_argument(
        "--size", metavar="WxH,...", help="of frames (320x240,640x480,1280x720,1920x1080)"
    )
    command.add_argument("--faces", metavar="N,...", help="in a frame, 0 to 5 (0,1,2,5)")
    command.add_argument(
        "--quick", action="store_true", help="a small sample, to see that it works"
    )
    add_output(command)
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    from benchmarks import latency
    from benchmarks.latency import plan
    from edge.vision.card import read_card

    measured = latency.measure(
        arguments.card,
        plan.sizes(arguments.size) if arguments.size is not None else plan.SIZES,
        plan.face_counts(arguments.faces) if arguments.faces is not None else plan.FACES,
        () if arguments.threads is None else plan.numbers(arguments.threads, "--threads", 1, 64),
        plan.QUICK if arguments.quick else plan.FULL,
    )
    folder = arguments.card.parent
    return finish(
        arguments,
        "latency",
        measured,
        latency.as_text,
        latency.figures(measured),
        # a file that is named and not there is told as left out
        [path for name in read_card(arguments.card).files if (path := folder / name).is_file()],
        measured["condition"]["warnings"],
    )
