"""Everything a report needs to know of one trained network, measured before anything is drawn."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError, UsageError
from train.data import FaceSet
from train.report import figures
from train.report.anger import CalledAngry, called_angry
from train.report.figures import Measured, Say
from train.report.gradcam import GradCam
from train.report.subject import Subject

NO_LOG = "curves of the training, their spread and the learning rate: there is no log.csv"
NO_RECIPE = "the recipe and the training's command: there is no recipe.json or about.json"
NO_COPIES = "figures without the test faces that have copies in Training: they were not looked for"
NO_FACES = "galleries and single faces: left out by --no-faces"


@dataclass(frozen=True)
class Options:
    """What `edge-train report` can be asked.

    Attributes:
        split: The split to report on.
        layers: Names of layers whose feature maps are shown; none for a choice of three.
        cam_layer: The layer that Grad-CAM looks at; empty for the last feature map.
        with_faces: Whether single faces of the data are shown.
        audit: Content of the audit's JSON; None where there is none.
        leaked: By split, (n,) bool, which of its faces have a copy in Training; {} if not known.
        command: The words of the command that makes the report.
    """

    split: str = "PublicTest"
    layers: tuple[str, ...] = ()
    cam_layer: str = ""
    with_faces: bool = True
    audit: Mapping[str, Any] | None = None
    leaked: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    command: tuple[str, ...] = tuple(sys.argv)


@dataclass(frozen=True)
class Findings:
    """Everything that was measured, before it is drawn; `audit` is Markdown."""

    subject: Subject
    measured: Measured
    options: Options
    splits: Mapping[str, FaceSet]
    cam: GradCam | None
    angry: CalledAngry | None
    without_copies: dict[str, Any] | None
    audit: str
    left_out: tuple[str, ...]

    @property
    def command(self) -> str:
        """The command that makes this report, as it would be typed."""
        first, *rest = self.options.command or ("edge-train",)
        return shlex.join([Path(first).name, *rest])

    def as_json(self) -> dict[str, Any]:
        """The figures, for machines: the content of `report.json`."""
        measured = self.measured
        return {
            "command": self.command,
            "name": self.subject.name,
            "model": self.subject.facts,
            "classes": list(measured.faces.classes),
            "split": measured.split,
            "temperature": measured.temperature,
            "scores": measured.scores,
            "intervals": measured.intervals,
            "calibration": figures.calibration(measured),
            "operating_points": figures.operating_points(measured),
            "mistakes": {
                labels: figures.confusions(one) for labels, one in measured.scores.items()
            },
            "called_angry": self.angry.as_json() if self.angry else None,
            "without_copies": self.without_copies,
            "left_out": list(self.left_out),
        }


def find_out(
    subject: Subject, splits: Mapping[str, FaceSet], options: Options, say: Say
) -> Findings:
    """Run the network as often as the report needs."""
    left_out = []
    if not subject.log:
        left_out.append(NO_LOG)
    if not (subject.recipe or subject.about):
        left_out.append(NO_RECIPE)
    if options.split not in options.leaked:
        left_out.append(NO_COPIES)
    if not options.with_faces:
        left_out.append(NO_FACES)
    # before the long part, since either may be wrong
    audit = _audit(options.audit) if options.audit else ""
    cam = _cam(subject, options, left_out)
    measured = figures.measure(subject, dict(splits), options.split, say)
    angry = called_angry(subject.network, measured, cam, say) if cam else None
    leaked = options.leaked.get(options.split)
    return Findings(
        subject=subject,
        measured=measured,
        options=options,
        splits=splits,
        cam=cam,
        angry=angry,
        without_copies=(
            None if leaked is None else figures.without(measured, np.flatnonzero(leaked))
        ),
        audit=audit,
        left_out=tuple(left_out),
    )


def _audit(told: Mapping[str, Any]) -> str:
    """The audit's figures as its own Markdown."""
    from train.audit.markdown import markdown

    try:
        return markdown(dict(told))
    except (LookupError, TypeError, AttributeError) as error:
        raise DataError(
            f"the audit's JSON is not as this version writes it ({type(error).__name__}: {error}); "
            "run edge-train audit again"
        ) from error


def _cam(subject: Subject, options: Options, left_out: list[str]) -> GradCam | None:
    try:
        return GradCam(subject.network, options.cam_layer)
    except UsageError as error:
        if options.cam_layer:
            raise
        left_out.append(f"Grad-CAM: {error}")
        return None
