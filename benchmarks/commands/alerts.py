"""`edge-bench alerts`: visits, alerts and false alarms."""

from __future__ import annotations

import argparse

from benchmarks.commands.common import (
    Commands,
    add_card,
    add_data,
    add_output,
    at_least_one,
    finish,
    say,
)
from edge.errors import UsageError


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser(
        "alerts",
        help="visits, alerts and false alarms",
        description="Send held-out faces through visits, and the visits through the device's own "
        "code: how many angry ones raise an alert and how soon, how many calm ones do.",
    )
    add_data(command)
    add_card(command, "model card or file")
    command.add_argument(
        "--split",
        choices=("PublicTest", "PrivateTest"),
        default="PrivateTest",
        help="faces; settings are chosen on PublicTest (PrivateTest)",
    )
    command.add_argument(
        "--tune", action="store_true", help="also find the best settings with each baseline"
    )
    command.add_argument("--visits", type=int, default=20, metavar="N", help="of each face (20)")
    command.add_argument(
        "--faces",
        type=int,
        metavar="N",
        help="only so many of the split, each class with its share, the same every time (all)",
    )
    command.add_argument(
        "--mirror",
        action=argparse.BooleanOptionalAction,
        help="whether every second reading is of the face's mirror image (as the default of "
        "expression.mirror says)",
    )
    add_output(command)
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    from benchmarks import alerts
    from edge.pipeline import ExpressionConfig
    from edge.vision.expression import load_model
    from train.data import load

    visits = at_least_one(arguments.visits, "--visits")
    count = None if arguments.faces is None else at_least_one(arguments.faces, "--faces")
    if arguments.tune and arguments.split != "PublicTest":
        raise UsageError(f"--tune on {arguments.split}: settings are chosen on --split PublicTest")
    say(f"reading {arguments.data} ...")
    model = load_model(arguments.card)
    measured = alerts.measure(
        model,
        load(arguments.data)[arguments.split],
        arguments.split,
        say,
        tune=arguments.tune,
        visits=visits,
        count=count,
        mirror=ExpressionConfig.mirror if arguments.mirror is None else arguments.mirror,
    )
    return finish(
        arguments,
        "alerts",
        measured,
        alerts.as_text,
        alerts.figures(measured),
        files=[model.path],
        warnings=[line] if (line := measured["only"]) else [],
    )
