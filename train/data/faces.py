"""Faces with their labels and votes: one of them as it is read, and many as they are used.

Needs numpy only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.labels import EMOTIONS

SIDE = 48
SPLITS = ("Training", "PublicTest", "PrivateTest")
TEST_SPLITS = SPLITS[1:]
STRICT_MAJORITY = 5  # 'strict': more than five of the ten annotators chose the class
NO_VOTES = np.zeros(len(EMOTIONS), dtype=np.float32)

Index = NDArray[np.integer[Any]] | NDArray[np.bool_] | slice


class Face(NamedTuple):
    """One face on its way from a file into a pack."""

    image: NDArray[np.uint8]
    """(48, 48) uint8."""
    label: int
    """An index into `EMOTIONS`."""
    split: str
    """One of `SPLITS`."""
    name: str
    """Where it came from, relative to the data folder; no other face has the same."""
    votes: NDArray[np.float32]
    """(7,) float32, FER+ annotators per emotion; zeros where there are none."""


@dataclass(frozen=True)
class FaceSet:
    """Faces of one split, of FER-2013 or of any other set with the same classes.

    Attributes:
        images: (n, 48, 48) uint8; as `load` returns them a read-only memory-map, of which only
            the faces in use take up memory.
        labels: (n,) int64, the set's own label, an index into `classes`.
        votes: (n, len(classes)) float32, FER+ annotators per class; zeros where there are none.
        classes: What the labels and the columns of the votes stand for.
        names: (n,) object, where each face came from, for people: "fer2013.csv, line 17", or the
            picture's path relative to the data folder. None where nobody knows.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    votes: NDArray[np.float32]
    classes: tuple[str, ...] = EMOTIONS
    names: NDArray[np.object_] | None = None

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Index) -> FaceSet:
        """The faces at `index`. A slice stays memory-mapped; any other index copies its images."""
        return FaceSet(
            self.images[index],
            self.labels[index],
            self.votes[index],
            self.classes,
            None if self.names is None else self.names[index],
        )

    @property
    def majority(self) -> NDArray[np.int64]:
        """(n,) the class that more than five FER+ annotators chose, -1 where there is none."""
        strict = self.votes.max(axis=1) > STRICT_MAJORITY
        return np.where(strict, self.votes.argmax(axis=1), -1)

    def name(self, index: int) -> str:
        """Where face `index` (from 0) came from, or "face <index>" where nobody knows."""
        return f"face {index}" if self.names is None else str(self.names[index])
