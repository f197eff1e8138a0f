"""`edge-train balance`: one bias per emotion, chosen on PublicTest."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.errors import UsageError
from train.commands.common import Commands, add_data, load_splits, prepare_backend, say


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser(
        "balance",
        help="one bias per emotion for the best fit to both label sets",
        description="Choose a bias per emotion on PublicTest; write balanced.keras beside MODEL.",
    )
    command.add_argument("model", type=Path, metavar="MODEL.keras")
    add_data(command)
    command.add_argument(
        "--original-weight",
        type=float,
        default=0.5,
        metavar="W",
        help="weight of FER-2013's labels; the FER+ majority has the rest (0.5)",
    )
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    weight = arguments.original_weight
    if not 0 <= weight <= 1:
        raise UsageError(f"--original-weight {weight}: must lie in 0 to 1")
    prepare_backend()
    from train.balance import balance
    from train.evaluate import load_keras, task_faces

    model = load_keras(arguments.model)
    public = task_faces(model, load_splits(arguments))["PublicTest"]
    out = arguments.model.with_name("balanced.keras")
    missing = [
        name for label, name in enumerate(public.classes) if not (public.labels == label).any()
    ]
    if missing:
        say(
            f"careful: PublicTest has no face labelled {', '.join(missing)}, so the balanced model "
            "will hardly ever say so"
        )
    bias = balance(model, public, weight, out)
    say(", ".join(f"{name} {b:+.2f}" for name, b in zip(public.classes, bias, strict=True)))
    say(f"{out}: written; edge-convert takes it")
    return 0
