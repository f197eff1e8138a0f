"""`edge-train distil`: the shipped models from the data and ImageNet's weights, by one command."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import fields
from pathlib import Path
from typing import Any

from edge.errors import EX_INTERRUPTED
from train.commands.common import Commands, add_data, load_splits, say
from train.distilled.recipe import LABELS_OF, STAGES, DistilRecipe, recipe_from

DEFAULT = DistilRecipe()
DESCRIPTION = """\
Train a teacher on FER-2013's labels and the FER+ votes, then MobileNetV2 from it, then from both
the network of the device, which is MobileNetV2 with dense first blocks, and from all three that
network once more at a larger input.
Needs PyTorch, the votes, and a CPU with AVX-512 and a C++ compiler to be fast; takes hours.

example:
    edge-train distil --data data/fer2013 --run runs/shipped
    edge-train distil --data data/fer2013 --run runs/shipped --resume
"""
TEXTS = {
    "width": "channels of the first stage",
    "blocks": "residual blocks of each stage",
    "input_size": "side of the input in pixels",
    "epochs": "",
    "batch": "faces a step",
    "learning_rate": "at its highest",
    "warmup_epochs": "in which it climbs",
    "weight_decay": "of kernels",
    "smoothing": "of FER-2013's labels",
    "ferplus_smoothing": "of the FER+ votes",
    "cutmix_share": "batches with a part of another face pasted in",
    "plain_share": "of the epochs, the last ones, without that",
    "dropout": "share of features dropped before the last layer",
    "ema_momentum": "of the average over the weights that is kept",
    "distill_alpha": "weight of who teaches it, beside the labels",
    "temperature": "at which it is compared with who teaches it",
    "front_steps": "in which its first blocks learn to answer as its predecessor's",
    "predecessor_share": "batches that the predecessor teaches in the teacher's place",
    "student_share": "batches that the student teaches in the teacher's place",
    "fer2013_weight": "of the loss under FER-2013's labels; the FER+ votes have the rest",
    "glare_share": "faces in a light that may burn them out",
}


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser(
        "distil",
        help="train the shipped models again, from a teacher of their own",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_data(command)
    command.add_argument("--run", type=Path, required=True, help="folder for the run's files")
    command.add_argument("--resume", action="store_true", help="go on where the run stopped")
    command.add_argument(
        "--backbone-weights",
        metavar="imagenet|PATH|none",
        help="what the predecessor's features start from: Keras' download, a 'no top' weight file, "
        f"nothing ({DEFAULT.backbone_weights})",
    )
    command.add_argument(
        "--augment",
        type=float,
        metavar="X",
        help=f"how strongly faces are distorted, 0 for not at all ({DEFAULT.augment:g})",
    )
    command.add_argument("--seed", type=int, metavar="N", help=f"({DEFAULT.seed})")
    command.add_argument("--threads", type=int, default=0, help="CPU threads, 0 for all (0)")
    for stage in STAGES:
        _add_stage(command.add_argument_group(stage), stage)
    command.set_defaults(run_it=_run)


def _add_stage(group: argparse._ArgumentGroup, stage: str) -> None:
    recipe = getattr(DEFAULT, stage)
    for one in fields(recipe):
        default = getattr(recipe, one.name)
        kind: Any = _blocks if isinstance(default, tuple) else type(default)
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else f"{default:g}"
        group.add_argument(
            f"--{stage}-{one.name.replace('_', '-')}",
            type=kind,
            metavar={int: "N", float: "X"}.get(kind, "N,N,..."),
            help=f"{TEXTS[one.name]} ({shown})".strip(),
        )


def _blocks(text: str) -> tuple[int, ...]:
    try:
        return tuple(map(int, text.split(",")))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text}: must be whole numbers with commas between, such as 2,3,3"
        ) from None


def _run(arguments: argparse.Namespace) -> int:
    recipe = recipe_from(vars(arguments))
    from train.distilled.machine import prepare

    prepare(arguments.threads)
    splits = load_splits(arguments, votes_required=True)
    from train.distilled.kernels import load_kernels
    from train.distilled.run import distil

    run = arguments.run
    try:
        models = distil(splits, recipe, run, arguments.resume, load_kernels(say), say)
    except KeyboardInterrupt:
        return _stopped(run)
    say(f"{run}: done; for the device:")
    for model in models:
        words = ("edge-convert", model, "--data", arguments.data, "--out", "models")
        named = (*words, "--name", model.stem, "--labels", LABELS_OF[model.name])
        say(f"  {shlex.join(map(str, named))}")
    return 0


def _stopped(run: Path) -> int:
    if (run / "teacher" / "last.pt").exists():
        say("\nstopped; --resume goes on after the last whole epoch")
    else:
        say("\nstopped before the end of the first epoch; the same command starts again")
    return EX_INTERRUPTED
