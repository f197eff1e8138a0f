"""Dividing faces into folds: every class's share in each, no face in two of them. No Keras."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import RepeatedStratifiedKFold

from edge.errors import DataError, UsageError
from train.data import FaceSet

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """One division of the pooled faces.

    Attributes:
        repeat, number: Counted from 1.
        training: (n,) sorted indices of the faces to train on.
        held_out: (m,) sorted indices of the others.
    """

    repeat: int
    number: int
    training: Indices
    held_out: Indices

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"repeat-{self.repeat}-fold-{self.number}"


class Pool:
    """Several splits as one, of which only the faces asked for are read into memory."""

    def __init__(self, parts: Sequence[FaceSet]) -> None:
        self._parts = parts
        self._starts = np.cumsum([0, *(len(part) for part in parts)])
        self.classes = parts[0].classes
        self.labels = np.concatenate([part.labels for part in parts])
        self.votes = np.concatenate([part.votes for part in parts])

    def __len__(self) -> int:
        return len(self.labels)

    def images(self) -> Iterable[NDArray[np.uint8]]:
        """Each picture in turn, (s, s) uint8."""
        return (image for part in self._parts for image in part.images)

    def origin(self) -> tuple[Indices, Indices]:
        """(n,) which part each face is in, and (n,) its index there."""
        part = np.repeat(np.arange(len(self._parts)), np.diff(self._starts))
        return part, np.arange(len(self)) - self._starts[part]

    def take(self, chosen: Indices) -> FaceSet:
        """The faces at these sorted indices, copied: 2.3 kB each at 48 pixels."""
        part, index = (of[chosen] for of in self.origin())
        images = np.empty((len(chosen), *self._parts[0].images.shape[1:]), np.uint8)
        names = np.empty(len(chosen), object)
        for number, faces in enumerate(self._parts):
            here = part == number
            images[here] = faces.images[index[here]]
            names[here] = [faces.name(int(one)) for one in index[here]]
        return FaceSet(images, self.labels[chosen], self.votes[chosen], self.classes, names)


def copies(images: Iterable[NDArray[np.uint8]]) -> Indices:
    """(n,) for each picture the index of the first one that is equal to it, byte for byte."""
    first: dict[bytes, int] = {}
    return np.array(
        [
            first.setdefault(hashlib.blake2b(one.tobytes()).digest(), index)
            for index, one in enumerate(images)
        ],
        dtype=np.int64,
    )


def plan(
    labels: NDArray[np.int64],
    same: Indices,
    classes: Sequence[str],
    folds: int,
    repeats: int,
    seed: int,
) -> list[Fold]:
    """Divide the faces `repeats` times into `folds` parts.

    FER-2013 holds many faces more than once. What is divided are the distinct ones, exactly
    stratified by scikit-learn's `RepeatedStratifiedKFold`, and each copy then goes where the first
    one went, so none is trained on and held out at once. scikit-learn's own `StratifiedGroupKFold`
    places groups greedily, so its shares are not exact, and it takes no repeats.

    Args:
        labels: (n,) indices into `classes`.
        same: As `copies` returns it.

    Raises:
        UsageError: fewer than two folds, or no repeat.
        DataError: a class has fewer distinct faces than there are folds.
    """
    if folds < 2 or repeats < 1:
        raise UsageError(f"--folds {folds} --repeats {repeats}: must be at least 2 and 1")
    distinct = np.flatnonzero(same == np.arange(len(same)))
    counts = np.bincount(labels[distinct], minlength=len(classes))
    for name, count in zip(classes, counts, strict=True):
        if count < folds:
            raise DataError(
                f"--data: {count} distinct faces are labelled {name}, too few for --folds {folds}"
            )
    divide = RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=seed)
    made = []
    for index, (_, chosen) in enumerate(divide.split(distinct, labels[distinct])):
        held_out = np.isin(same, distinct[chosen])
        training, judged = np.flatnonzero(~held_out), np.flatnonzero(held_out)
        made.append(Fold(index // folds + 1, index % folds + 1, training, judged))
    return made
