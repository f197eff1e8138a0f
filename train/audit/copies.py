"""Copies of one picture: identical pixels, and mirrored, re-compressed, relit or moved ones.

Two faces that look at the camera under one lamp correlate up to 0.93 with nothing else in common,
while a copy whose crop has moved by a pixel or two may correlate 0.86. What tells them apart is
detail: without the broad light and shade, strangers correlate below 0.6, copies above 0.7. So a
near copy must agree in both. The two thresholds were chosen by looking at hundreds of pairs of
FER-2013 on either side of each: above both every pair looked at was one photograph; between 0.80
and 0.85 there are other moments of the same sitting, and below 0.65 of detail there are strangers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from train.audit.gallery import Gallery
from train.audit.search import Floats, candidates, fingerprints, unit

ALIKE = 0.85  # correlation of the grey levels
DETAIL = 0.70  # correlation of what a blur takes away
DETAIL_BLUR = 3.0  # its standard deviation, in pixels of 48
CHUNK = 2048  # pairs compared at once: 75 MB
MOST_PAIRS = 20_000_000  # 240 MB of pairs; FER-2013 has six thousand


@dataclass(frozen=True)
class Copies:
    """Which faces are copies of which.

    Attributes:
        first: (n,) int64, the first face with exactly the same pixels; itself where there is none
            before it.
        pairs: (m, 2) int32, near copies i < j, each the first of its kind (`first[i] == i`). What
            holds for one holds for all that are identical to it.
        correlation: (m,) float32, of each pair, mirrored where that fits better.
        mirrored: (m,) bool, whether it does.
    """

    first: NDArray[np.int64]
    pairs: NDArray[np.int32]
    correlation: NDArray[np.float32]
    mirrored: NDArray[np.bool_]

    def around(
        self, keys: NDArray[np.int64], count: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How many copies each face has, by what they are.

        Args:
            keys: (n,) what each face is, from 0 to `count` - 1: its split, its label.

        Returns:
            (n, count) exact copies other than the face itself, and (n, count) near copies.
        """
        faces = len(self.first)
        cells = np.bincount(self.first * count + keys, minlength=faces * count)
        same = cells.reshape(faces, count)
        i, j = self.pairs.T
        near = np.zeros_like(same)
        for key in range(count):
            here = same[:, key]
            near[:, key] += np.bincount(i, here[j], minlength=faces).astype(np.int64)
            near[:, key] += np.bincount(j, here[i], minlength=faces).astype(np.int64)
        exact = same[self.first]
        exact[np.arange(faces), keys] -= 1
        return exact, near[self.first]

    def groups(self) -> NDArray[np.int64]:
        """(n,) the lowest number among the faces that are copies of copies of each other."""
        parent = np.arange(len(self.first))

        def root(face: int) -> int:
            while parent[face] != face:
                parent[face] = face = parent[parent[face]]
            return face

        for i, j in self.pairs.tolist():
            low, high = sorted((root(i), root(j)))
            parent[high] = low
        return np.array([root(face) for face in self.first.tolist()], np.int64)


def find_copies(
    gallery: Gallery, blank: NDArray[np.bool_], say: Callable[[str], None] | None = None
) -> Copies:
    """Find all exact and near copies in the gallery.

    Args:
        blank: (n,) faces to leave out, of which all would be copies of all.
        say: Told how far the search is.

    Raises:
        DataError: more than `MOST_PAIRS` near copies, as the frames of a video have.
    """
    first = _identical(gallery, blank)
    chosen = np.flatnonzero((first == np.arange(len(first))) & ~blank)
    even, odd = fingerprints(gallery, chosen)
    pairs, correlations, mirrors, count = [], [], [], 0
    told = 0
    for i, j in candidates(even, odd, ALIKE):
        kept, correlation, mirrored = _verified(gallery, chosen[i], chosen[j])
        pairs.append(kept)
        correlations.append(correlation)
        mirrors.append(mirrored)
        count += len(kept)
        if count > MOST_PAIRS:
            raise DataError(
                f"more than {MOST_PAIRS:,} pairs of faces are near copies, as the frames of a "
                "video are; keep one frame in many, then audit again"
            )
        if say and i[0] * 10 // len(chosen) > told:
            told = int(i[0]) * 10 // len(chosen)
            say(f"copies: {told * 10}% of the faces compared, {count} near copies")
    return Copies(
        first,
        np.concatenate([*pairs, np.empty((0, 2), np.int32)]),
        np.concatenate([*correlations, np.empty(0, np.float32)]),
        np.concatenate([*mirrors, np.empty(0, np.bool_)]),
    )


def _identical(gallery: Gallery, blank: NDArray[np.bool_]) -> NDArray[np.int64]:
    first = np.arange(len(gallery))
    seen: dict[bytes, int] = {}
    for block, images in gallery.blocks():
        for face, image in zip(range(block.start, block.stop), images, strict=True):
            if not blank[face]:
                digest = hashlib.blake2b(image.tobytes(), digest_size=16).digest()
                first[face] = seen.setdefault(digest, face)
    return first


def _verified(
    gallery: Gallery, first: NDArray[np.int64], second: NDArray[np.int64]
) -> tuple[NDArray[np.int32], Floats, NDArray[np.bool_]]:
    """Of the pairs (first, second) those that are near copies, compared pixel by pixel."""
    pairs, correlations, mirrors = [], [], []
    for start in range(0, len(first), CHUNK):
        both = np.stack([first[start : start + CHUNK], second[start : start + CHUNK]], axis=1)
        here, there = gallery.images(both[:, 0]), gallery.images(both[:, 1])
        correlation, mirrored = _correlation(here, there)
        alike = np.flatnonzero(correlation >= ALIKE)
        turned = np.where(mirrored[alike, None, None], there[alike, :, ::-1], there[alike])
        agreed = alike[_inner(_detail(here[alike]), _detail(turned)) >= DETAIL]
        pairs.append(both[agreed].astype(np.int32))
        correlations.append(correlation[agreed])
        mirrors.append(mirrored[agreed])
    return np.concatenate(pairs), np.concatenate(correlations), np.concatenate(mirrors)


def _correlation(
    here: NDArray[np.uint8], there: NDArray[np.uint8]
) -> tuple[Floats, NDArray[np.bool_]]:
    """(m,) correlation of (m, s, s) faces, the better of straight and mirrored, and which."""
    one, other = unit(here), unit(there)
    straight, mirrored = _inner(one, other), _inner(one, other[:, :, ::-1])
    return np.maximum(straight, mirrored), mirrored > straight


def _detail(images: NDArray[np.uint8]) -> Floats:
    """(m, s, s) faces without their broad light and shade, with mean 0 and length 1."""
    sharp = images.astype(np.float32)
    for index, face in enumerate(sharp):
        sharp[index] = face - cv2.GaussianBlur(face, (0, 0), DETAIL_BLUR)
    sharp -= sharp.mean(axis=(1, 2), keepdims=True)
    length = np.sqrt((sharp**2).sum(axis=(1, 2), keepdims=True))
    return np.asarray(sharp / np.maximum(length, 1e-6), np.float32)


def _inner(one: Floats, other: Floats) -> Floats:
    return np.asarray(np.einsum("nij,nij->n", one, other), np.float32)
