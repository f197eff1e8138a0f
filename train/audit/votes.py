"""Where FER-2013's labels and FER+'s ten annotators (Barsoum et al. 2016) differ. numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.audit.gallery import Gallery

ANNOTATORS = 10  # the votes that are not for a class were for contempt, unknown or not a face


@dataclass(frozen=True)
class Opinions:
    """What the annotators say of each face.

    Attributes:
        asked: (n,) bool, whether the face's source has votes at all; a second set has none.
        unnamed: (n,) bool, asked, and not one vote for any class: in FER-2013 28 such pictures are
            no face, and two show contempt.
        doubtful: (n,) bool, asked, and fewer than half of the ten votes for the classes together.
        differs: (n,) bool, a strict majority for another class than the label.
        table: (classes, classes) int64, faces by label (row) and strict majority (column).
    """

    asked: NDArray[np.bool_]
    unnamed: NDArray[np.bool_]
    doubtful: NDArray[np.bool_]
    differs: NDArray[np.bool_]
    table: NDArray[np.int64]


def read_opinions(gallery: Gallery) -> Opinions:
    """Compare labels and votes of all faces."""
    asked = _asked(gallery)
    total = gallery.votes.sum(axis=1)
    majority, classes = gallery.majority, len(gallery.classes)
    agreed = np.flatnonzero(majority >= 0)
    cells = gallery.labels[agreed] * classes + majority[agreed]
    return Opinions(
        asked=asked,
        unnamed=asked & (total == 0),
        doubtful=asked & (total > 0) & (total < ANNOTATORS / 2),
        differs=(majority >= 0) & (majority != gallery.labels),
        table=np.bincount(cells, minlength=classes**2).reshape(classes, classes),
    )


def _asked(gallery: Gallery) -> NDArray[np.bool_]:
    """Whether any face of the same split and source has a vote."""
    sources: dict[tuple[int, str], int] = {}
    source = np.empty(len(gallery), np.int64)
    for split, faces in enumerate(gallery.splits.values()):
        for face in range(len(faces)):
            name = "" if faces.names is None else str(faces.names[face])
            key = split, _source(name)
            source[gallery.starts[split] + face] = sources.setdefault(key, len(sources))
    votes = np.bincount(source, gallery.votes.sum(axis=1), minlength=len(sources))
    return np.asarray(votes[source] > 0)


def _source(name: str) -> str:
    """The table that a face's name begins with, or the folder around its class folder."""
    return name.rpartition(", line ")[0] or "/".join(name.split("/")[:-2])
