"""The report: figures from findings, as JSON and as Markdown."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.audit import copies, exposure
from train.audit.findings import Findings
from train.audit.fix import REASONS, dropped, reasons
from train.audit.leak import TRAINING, leaked_copies
from train.audit.markdown import markdown
from train.audit.worst import worst
from train.data import TEST_SPLITS

BySplit = dict[str, int]
EXAMPLES = 10  # names of each kind


@dataclass(frozen=True)
class Audit:
    """What is wrong with the data, in figures and a few names; shows no face.

    Attributes:
        classes: What the labels stand for.
        faces: How many there are, by split.
        labels: How many of each class, by split.
        imbalance: The largest class of Training over its smallest; None if that one is empty.
        files: Pictures `checked`, and of these `unreadable`, `not_square`, `small`.
        blank: Blank or nearly constant faces, by split.
        saturated: Burnt out where the face is, by split.
        no_face_found: By the cascade, by split; None where it was not asked.
        ferplus: Faces with votes (`asked`), without one for any class (`unnamed`), with less than
            half of them for the classes (`doubtful`), by split; how many have a strict `majority`
            and for how many of those it `differs` from the label; `table`, rows by label, columns
            by majority. None where there are no votes.
        copies: `exact` and `near`: faces of each split (outer) with such a copy in each split
            (inner); `pairs` of near copies, of these `mirrored`; `groups` of two or more copies
            of copies, and the `largest`; `conflicting`, faces by split with a copy in Training
            whose label is another.
        leak: By test split: `exact`, `near` (and not exact), `any` faces with a copy in Training,
            and of these `conflicting`, labelled otherwise than one of them.
        dropped: What `--fix` drops, by reason and split.
        examples: Names of the worst of each kind, and of damaged or misshapen files.
        effect: What `leak_effect` told of a model; None where none was given.
        thresholds: What was taken as blank, saturated and alike.
    """

    classes: tuple[str, ...]
    faces: BySplit
    labels: dict[str, dict[str, int]]
    imbalance: float | None
    files: dict[str, int]
    blank: BySplit
    saturated: BySplit
    no_face_found: BySplit | None
    ferplus: dict[str, Any] | None
    copies: dict[str, Any]
    leak: dict[str, dict[str, int]]
    dropped: dict[str, BySplit]
    examples: dict[str, list[str]]
    effect: dict[str, Any] | None
    thresholds: dict[str, float]

    def to_json(self) -> str:
        """The whole report, for machines."""
        return json.dumps(asdict(self), indent=1)

    def to_markdown(self) -> str:
        """The whole report, for people."""
        return markdown(asdict(self))

    def fix_lines(self) -> list[str]:
        """What `--fix` drops and why, a line a reason."""
        counts = {"unreadable": self.files["unreadable"]}
        counts |= {reason: sum(by.values()) for reason, by in self.dropped.items()}
        why = {"unreadable": "cannot be read as a picture", **REASONS}
        return [f"dropped {count:,}: {why[one]}" for one, count in counts.items() if count]


def audit(findings: Findings, effect: dict[str, Any] | None = None) -> Audit:
    """Count what was found; `effect` is what `leak_effect` told of a model."""
    gallery, files = findings.gallery, findings.files
    labels = _by_label(findings)
    training = labels[TRAINING].values()
    return Audit(
        classes=gallery.classes,
        faces=gallery.by_split(np.ones(len(gallery), np.bool_)),
        labels=labels,
        imbalance=round(max(training) / min(training), 2) if min(training) else None,
        files={
            "checked": len(files.names),
            "unreadable": len(files.unreadable),
            "not_square": len(files.not_square),
            "small": len(files.small),
        },
        blank=gallery.by_split(findings.exposure.is_blank),
        saturated=gallery.by_split(findings.exposure.is_saturated),
        no_face_found=None if findings.missed is None else gallery.by_split(findings.missed),
        ferplus=_ferplus(findings),
        copies=_copies(findings),
        leak=_leak(findings),
        dropped=dropped(findings, reasons(findings)),
        examples=_examples(findings),
        effect=effect,
        thresholds={
            "least_spread": exposure.LEAST_SPREAD,
            "plain": exposure.PLAIN,
            "saturated": exposure.SATURATED,
            "alike": copies.ALIKE,
            "detail": copies.DETAIL,
        },
    )


def _examples(findings: Findings) -> dict[str, list[str]]:
    """Names by kind; the two of a pair are joined."""
    files = findings.files
    told = {
        "unreadable": files.unreadable,
        "not square": files.not_square,
        "smaller than 48 pixels": files.small,
    }
    names = {kind: list(of[:EXAMPLES]) for kind, of in told.items() if of}
    for kind in worst(findings, EXAMPLES):
        names[kind.title] = [
            " = ".join(" ".join(findings.gallery.place(int(face))) for face in np.atleast_1d(faces))
            for faces in kind.faces
        ]
    return names


def _by_label(findings: Findings) -> dict[str, dict[str, int]]:
    classes = findings.gallery.classes
    return {
        split: dict(
            zip(classes, np.bincount(faces.labels, minlength=len(classes)).tolist(), strict=True)
        )
        for split, faces in findings.gallery.splits.items()
    }


def _ferplus(findings: Findings) -> dict[str, Any] | None:
    opinions, gallery = findings.opinions, findings.gallery
    if not opinions.asked.any():
        return None
    return {
        "asked": gallery.by_split(opinions.asked),
        "unnamed": gallery.by_split(opinions.unnamed),
        "doubtful": gallery.by_split(opinions.doubtful),
        "majority": gallery.by_split(gallery.majority >= 0),
        "differs": gallery.by_split(opinions.differs),
        "table": opinions.table.tolist(),
    }


def _copies(findings: Findings) -> dict[str, Any]:
    gallery, found = findings.gallery, findings.copies
    exact, near = findings.around
    groups = np.unique(found.groups(), return_counts=True)[1]
    return {
        "exact": _across(findings, exact.sum(axis=2) > 0),
        "near": _across(findings, near.sum(axis=2) > 0),
        "pairs": len(found.pairs),
        "mirrored": int(found.mirrored.sum()),
        "groups": int((groups > 1).sum()),
        "largest": int(groups.max(initial=0)),
        "conflicting": gallery.by_split(findings.conflicting),
    }


def _across(findings: Findings, somewhere: NDArray[np.bool_]) -> dict[str, BySplit]:
    """Faces of each split with a copy in each split, from (n, splits) whether a face has one."""
    gallery = findings.gallery
    return {
        inside: {
            other: int(somewhere[gallery.split == split, column].sum())
            for column, other in enumerate(gallery.names)
        }
        for split, inside in enumerate(gallery.names)
    }


def _leak(findings: Findings) -> dict[str, dict[str, int]]:
    gallery = findings.gallery
    same = findings.around[0][:, gallery.names.index(TRAINING)].sum(axis=1) > 0
    told = {}
    for name, mask in leaked_copies(gallery, findings.copies).items():
        here = gallery.split == gallery.names.index(name)
        told[name] = {
            "exact": int(same[here].sum()),
            "near": int((mask & ~same[here]).sum()),
            "any": int(mask.sum()),
            "conflicting": int(findings.conflicting[here].sum()),
        }
    return {name: told[name] for name in TEST_SPLITS if name in told}
