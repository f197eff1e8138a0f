"""`edge-train adapt`: a trained model, made better on a few faces of one's own."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge.errors import DataError, UsageError
from train.commands.common import Commands, prepare_backend, say

LIMITS: dict[str, tuple[float, float]] = {
    "holdout": (0.05, 0.5),
    "gap": (0, 3600),
    "keep": (0, 1),
    "max_loss": (0, 100),
    "anchor_faces": (1, 1_000_000),
    "seed": (0, 2**32 - 1),
}


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser(
        "adapt",
        help="make a trained model better on a few faces of one's own",
        description="Fine-tune a model on DATA/LABEL/*.png, held to the data it was trained on, "
        "and say whether it got better on both. Only a better model is written.",
    )
    command.add_argument(
        "--base",
        type=Path,
        metavar="MODEL",
        help="a .keras file, a run folder, a model card or its folder (the shipped model)",
    )
    command.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="as edge-train collect fills it"
    )
    command.add_argument(
        "--anchor-data",
        type=Path,
        metavar="DIR",
        help="the base model's own data, as in fit; without it nothing can tell what is lost there",
    )
    command.add_argument("--run", type=Path, default=Path("runs/adapted"), help="(runs/adapted)")
    command.add_argument(
        "--train", choices=("head", "all"), default="head", help="the last layer, or all (head)"
    )
    command.add_argument(
        "--holdout", type=float, default=0.2, help="share of the own faces to judge by (0.2)"
    )
    command.add_argument(
        "--gap",
        type=float,
        default=3.0,
        metavar="S",
        help="shots within as many seconds are kept on one side (3)",
    )
    command.add_argument(
        "--keep",
        type=float,
        metavar="W",
        help="weight of the base model's own answers beside the labels (0.7; 0.5 without anchor)",
    )
    command.add_argument(
        "--anchor-faces", type=int, default=3000, metavar="N", help="to train on (3000)"
    )
    command.add_argument(
        "--max-loss",
        type=float,
        default=0.5,
        metavar="POINTS",
        help="accuracy that may be lost on the base data, in points (0.5)",
    )
    command.add_argument("--force", action="store_true", help="write it whatever the verdict is")
    command.add_argument("--seed", type=int, default=0, help="(0)")
    command.add_argument("--threads", type=int, default=0, help="CPU threads, 0 for all (0)")
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    for name, (low, high) in LIMITS.items():
        value = getattr(arguments, name)
        if value is not None and not low <= value <= high:
            flag = "--" + name.replace("_", "-")
            raise UsageError(f"{flag} {value}: must lie in {low:g} to {high:g}")
    prepare_backend(arguments.threads)
    from edge.vision.card import DEFAULT_CARD
    from train.adapt.base import load_base
    from train.adapt.own import read_own
    from train.adapt.run import Plan, adapt, check_run, write
    from train.task import task_of

    check_run(arguments.run)
    base = load_base(arguments.base or DEFAULT_CARD)
    task = task_of(base.network.output_shape[1])
    own = read_own(arguments.data, task, say)
    anchor = None
    if arguments.anchor_data is not None:
        from train.data import load

        say(f"reading {arguments.anchor_data} ...")
        anchor = {name: task.faces(one) for name, one in load(arguments.anchor_data).items()}
    plan = Plan(
        train=arguments.train,
        **{name: getattr(arguments, name) for name in LIMITS},
    )
    verdict = adapt(base, own, anchor, plan, say)
    say(verdict.own.line("your held-out faces"))
    for labels, one in verdict.anchor.items():
        say(one.line(f"PublicTest of the base data, {labels} labels"))
    if verdict.objection and not arguments.force:
        raise DataError(
            f"{verdict.sentence()}; nothing was written, --force writes it all the same"
        )
    say(verdict.sentence())
    path = write(arguments.run, base, own, plan, verdict)
    data = arguments.anchor_data or "DIR"
    say(f"{path}: written; next: edge-convert {path} --data {data} --out models-adapted")
    return 0
