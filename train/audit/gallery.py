"""All splits under one numbering, without copying their pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge.vision.face import normalise
from train.data import SIDE, FaceSet

BLOCK = 4096  # faces read at once: 9 MB


@dataclass(frozen=True)
class Gallery:
    """The faces of all splits, numbered through in the order of `splits`.

    Attributes:
        splits: Faces by split; all with the same classes.
    """

    splits: Mapping[str, FaceSet]

    def __len__(self) -> int:
        return int(self.starts[-1])

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The splits' names."""
        return tuple(self.splits)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """What the labels stand for."""
        return next(iter(self.splits.values())).classes

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """(splits + 1,) the number of each split's first face, then of all."""
        return np.cumsum([0, *(len(faces) for faces in self.splits.values())])

    @cached_property
    def split(self) -> NDArray[np.int64]:
        """(n,) which split a face is in, an index into `names`."""
        return np.repeat(np.arange(len(self.names)), np.diff(self.starts))

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """(n,) the set's own label."""
        return np.concatenate([faces.labels for faces in self.splits.values()])

    @cached_property
    def votes(self) -> NDArray[np.float32]:
        """(n, classes) FER+ votes."""
        return np.concatenate([faces.votes for faces in self.splits.values()])

    @cached_property
    def majority(self) -> NDArray[np.int64]:
        """(n,) the strict FER+ majority, -1 where there is none."""
        return np.concatenate([faces.majority for faces in self.splits.values()])

    def place(self, face: int) -> tuple[str, str]:
        """The split and the name of face `face`."""
        split = int(self.split[face])
        name = self.names[split]
        return name, self.splits[name].name(face - int(self.starts[split]))

    def images(self, index: NDArray[np.int64]) -> NDArray[np.uint8]:
        """(m, 48, 48) the faces numbered `index`, in its order, brought to 48 pixels."""
        taken = np.empty((len(index), SIDE, SIDE), np.uint8)
        for split, name in enumerate(self.names):
            here = np.flatnonzero(self.split[index] == split)
            found = self.splits[name].images[index[here] - self.starts[split]]
            if found.shape[1:] != (SIDE, SIDE):
                found = np.stack([normalise(face, SIDE) for face in found]) if len(here) else found
            if len(here):
                taken[here] = found
        return taken

    def blocks(self) -> Iterator[tuple[slice, NDArray[np.uint8]]]:
        """Every face once, `BLOCK` at a time, with its numbers."""
        for start in range(0, len(self), BLOCK):
            block = slice(start, min(start + BLOCK, len(self)))
            yield block, self.images(np.arange(block.start, block.stop))

    def by_split(self, mask: NDArray[np.bool_]) -> dict[str, int]:
        """How many faces of each split a (n,) mask marks."""
        counts = np.bincount(self.split[mask], minlength=len(self.names))
        return dict(zip(self.names, map(int, counts), strict=True))
