"""Holding faces out so that the figure is not a lie: no moment lies on both sides. Pure.

Forty shots of one minute are one person under one lamp; a shot half a second after another is
nearly its copy. A model judged on such a copy of what it was trained on would look better than it
is. So whole moments are held out; and where a class has one long moment only, its end is, with
what was taken just before it left out altogether.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

GAP = 3.0  # seconds within which two shots count as one moment
COPY = 0.97  # correlation from which two pictures without a time count as one
COPY_SIDE = 16  # pixels at which they are compared

Indices = NDArray[np.int64]


class Split(NamedTuple):
    """Indices of the faces on each side.

    Attributes:
        training: To learn from.
        held_out: To judge by.
        left_out: Too close in time to both.
    """

    training: Indices
    held_out: Indices
    left_out: Indices


def split(
    labels: Indices,
    times: NDArray[np.float64],
    images: NDArray[np.uint8],
    share: float,
    gap: float = GAP,
    seed: int = 0,
) -> Split:
    """Hold out about `share` of each class, in whole moments.

    Args:
        labels: (n,) class of each face.
        times: (n,) seconds; nan where unknown. Faces of one class that are at most `gap` apart are
            one moment; those without a time are one if they are all but the same picture.
        images: (n, h, w) uint8.
        share: 0 to 1, of each class; at least one face.
        seed: Chooses the moments.

    Returns:
        Three sorted sets of indices that together are all faces. A side may lack a class that has
        but one moment, too short to be cut.
    """
    rng = np.random.default_rng(seed)
    parts = [
        _of_class(np.flatnonzero(labels == label), times, images, share, gap, rng)
        for label in np.unique(labels)
    ]
    sides = (np.sort(np.concatenate(side)) for side in zip(*parts, strict=True))
    return Split(*(side.astype(np.int64) for side in sides))


def _of_class(
    members: Indices,
    times: NDArray[np.float64],
    images: NDArray[np.uint8],
    share: float,
    gap: float,
    rng: Generator,
) -> Split:
    wanted = max(1, round(share * len(members)))
    known = members[~np.isnan(times[members])]
    unknown = members[np.isnan(times[members])]
    moments = [*_by_time(known, times, gap), *_by_likeness(unknown, images)]
    held: list[Indices] = []
    rest: list[Indices] = []
    for place in rng.permutation(len(moments)):
        fits = sum(map(len, held)) + len(moments[place]) <= wanted
        (held if fits else rest).append(moments[place])
    left = members[:0]
    missing = wanted - sum(map(len, held))
    if not held or missing > wanted // 2:
        longest = max(range(len(rest)), key=lambda i: len(rest[i]))
        rest[longest], end, left = _cut(rest[longest], times, missing, gap)
        held.append(end)
    return Split(_joined(rest), _joined(held), left)


def _by_time(members: Indices, times: NDArray[np.float64], gap: float) -> list[Indices]:
    """Moments in the order of time: a new one begins after more than `gap` without a face."""
    ordered = members[np.argsort(times[members], kind="stable")]
    if len(ordered) == 0:
        return []
    return np.split(ordered, np.flatnonzero(np.diff(times[ordered]) > gap) + 1)


def _by_likeness(members: Indices, images: NDArray[np.uint8]) -> list[Indices]:
    """Pictures that are all but copies, of each other or of a third one, together."""
    if len(members) == 0:
        return []
    size = (COPY_SIDE, COPY_SIDE)
    small = [cv2.resize(images[i], size, interpolation=cv2.INTER_AREA).ravel() for i in members]
    flat = np.array(small, dtype=np.float64)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)
    group = np.arange(len(members))
    for i, j in zip(*np.nonzero(np.triu(flat @ flat.T > COPY, 1)), strict=True):
        group[group == group[j]] = group[i]
    return [members[group == one] for one in np.unique(group)]


def _cut(
    moment: Indices, times: NDArray[np.float64], wanted: int, gap: float
) -> tuple[Indices, Indices, Indices]:
    """The last `wanted` faces of a moment; before them a gap in time, whose faces are left out."""
    if np.isnan(times[moment]).any():  # copies of one picture have no inside to be cut
        return moment, moment[:0], moment[:0]
    start = times[moment[-wanted:]].min()
    end = moment[times[moment] >= start]
    left = moment[(times[moment] < start) & (times[moment] >= start - gap)]
    return moment[times[moment] < start - gap], end, left


def _joined(parts: list[Indices]) -> Indices:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
