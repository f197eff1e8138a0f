"""`edge-train report`: one page about a run or a model."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.errors import DataError, UsageError
from train.commands.common import Commands, add_data, load_splits, prepare_backend, say

if TYPE_CHECKING:
    from train.data import FaceSet
    from train.report.subject import Subject

SPLITS = ("PublicTest", "PrivateTest")

EXAMPLES = """\
Write report.html, which needs nothing beside it, report.md and report.json.

Examples:
    edge-train report runs/first --data data/fer2013
    edge-train report runs/first --data data/fer2013 --no-faces --out public
    edge-train report models/emotion-float32.tflite --data data/fer2013 --out shipped
"""


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser(
        "report",
        help="one page about a run or a model",
        description=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "subject",
        type=Path,
        metavar="RUN|MODEL",
        help="a run's folder, a .keras file, or a float .tflite file as shipped",
    )
    add_data(command)
    command.add_argument("--split", choices=SPLITS, default=SPLITS[0], help="(PublicTest)")
    command.add_argument("--out", type=Path, metavar="DIR", help="(the run's folder)")
    command.add_argument(
        "--no-faces", action="store_true", help="show no single face of the data, only averages"
    )
    command.add_argument(
        "--layers",
        default="",
        metavar="NAME,...",
        help="layers whose feature maps are shown (an early, a middle and a late one)",
    )
    command.add_argument(
        "--cam-layer", default="", metavar="NAME", help="layer for Grad-CAM (the last feature map)"
    )
    command.add_argument(
        "--audit", type=Path, metavar="FILE", help="edge-train audit's JSON (RUN/audit.json)"
    )
    command.add_argument(
        "--no-copies",
        action="store_true",
        help="do not look for test faces that have copies in Training, which takes a third of the "
        "time",
    )
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    prepare_backend()
    from train.report.findings import Options
    from train.report.report import report
    from train.report.subject import find

    subject = find(arguments.subject)
    out = arguments.out or subject.folder
    if out is None:
        raise UsageError(
            f"{arguments.subject}: is a model without a run's folder; --out DIR says where its "
            "report goes"
        )
    audit = _audit(arguments.audit, subject)
    splits = load_splits(arguments)
    options = Options(
        split=arguments.split,
        layers=tuple(name.strip() for name in arguments.layers.split(",") if name.strip()),
        cam_layer=arguments.cam_layer,
        with_faces=not arguments.no_faces,
        audit=audit,
        leaked={} if arguments.no_copies else _leaked(splits),
    )
    report(subject, splits, out, options, say)
    say(f"{out / 'report.html'}: written, with report.md and report.json beside it")
    return 0


def _leaked(splits: Mapping[str, FaceSet]) -> Mapping[str, Any]:
    from train.audit.leak import leaked

    try:
        return leaked(splits, say)
    except DataError as error:  # frames of a video: all are copies of all
        say(f"copies in Training: {error}")
        return {}


def _audit(path: Path | None, subject: Subject) -> dict[str, Any] | None:
    """The audit that was named, or the one in the run's folder if there is one."""
    if path is None:
        own = subject.folder / "audit.json" if subject.folder else None
        if own is None or not own.is_file():
            return None
        path = own
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: cannot be read as JSON ({error}); edge-train audit writes one"
        ) from error
    if not isinstance(told, dict):
        raise DataError(f"{path}: holds no JSON object; edge-train audit writes one")
    return told
