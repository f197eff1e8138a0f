"""The cleaned list: which faces to train on, and why the others are not among them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.files import write_text
from train.audit.findings import Findings
from train.audit.leak import TRAINING

KEPT = ""
REASONS: Mapping[str, str] = {
    "blank": "blank or nearly constant",
    "no emotion by FER+": "the annotators said not a face, contempt or unknown, and nothing else",
    "copy of a test face": "an exact or near copy is in a test split, where it stays",
    "copy with another label": "an exact or near copy in Training has another label",
    "exact copy": "the same pixels come earlier in Training",
}


def reasons(findings: Findings) -> NDArray[np.object_]:
    """(n,) why each face is dropped, a key of `REASONS`, or `KEPT`.

    The first reason in `REASONS` that holds is told. Test faces are only dropped if they are
    none, for one of the first two.
    """
    gallery = findings.gallery
    exact, near = findings.around
    training = gallery.names.index(TRAINING)
    here = gallery.split == training
    tested = np.delete(exact + near, training, axis=1).any(axis=(1, 2))

    told = np.full(len(gallery), KEPT, object)
    for reason, holds in (
        ("copy with another label", here & findings.conflicting),
        ("copy of a test face", here & tested),
        ("no emotion by FER+", findings.opinions.unnamed),
        ("blank", findings.exposure.is_blank),
    ):
        told[holds] = reason
    # of identical faces the first that is left stays
    left = np.flatnonzero(here & (told == KEPT))
    _, first = np.unique(findings.copies.first[left], return_index=True)
    told[np.delete(left, first)] = "exact copy"
    return told


def dropped(findings: Findings, told: NDArray[np.object_]) -> dict[str, dict[str, int]]:
    """How many faces of each split go for each reason, as `reasons` told them."""
    return {reason: findings.gallery.by_split(told == reason) for reason in REASONS}


def write_list(findings: Findings, told: NDArray[np.object_], path: Path) -> None:
    """Write the faces that stay as CSV, one `split,name` a row, for `edge-train fit --only`.

    Raises:
        OutputError: it cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["split", "name"])
    for face in np.flatnonzero(told == KEPT):
        writer.writerow(findings.gallery.place(int(face)))
    write_text(path, text.getvalue())
