"""Finding every pair of faces that may correlate, mirrored or not, without comparing all pixels.

Correlation is the inner product of two faces brought to mean 0 and length 1, and an orthonormal
cosine transform keeps inner products. Most of a face is in the lowest frequencies; of the rest only
its length is kept. By Cauchy and Schwarz the rest adds at most the product of the two lengths, so
the inner product of (low frequencies, length of the rest) is an upper bound of the correlation: a
pair below the threshold is out for certain, and none is missed.

Mirroring a face turns the sign of its odd horizontal frequencies and nothing else. With the even
and the odd part of the inner product apart, both directions cost one: even + |odd|.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from train.audit.gallery import Gallery
from train.data import SIDE

BANDS = 16  # frequencies (u, v) with u + v below this: 135 numbers a face, 85-90% of its energy
BLOCK = 2048  # faces a side of one matrix product: 16 MB
SLACK = 1e-4  # the bound holds for exact numbers; these are float32

Floats = NDArray[np.float32]


def fingerprints(gallery: Gallery, index: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """The low frequencies of the faces numbered `index`.

    Returns:
        (m, 72) float32, the even horizontal frequencies and the length of what is left out, and
        (m, 64) float32, the odd ones; each face has length 1 over both.
    """
    even, odd = [], []
    for start in range(0, len(index), BLOCK):
        faces = unit(gallery.images(index[start : start + BLOCK]))
        spectrum = np.asarray(COSINES @ faces @ COSINES.T, np.float32)
        even.append(spectrum[:, EVEN])
        odd.append(spectrum[:, ODD])
        kept = (even[-1] ** 2).sum(axis=1) + (odd[-1] ** 2).sum(axis=1)
        rest = np.sqrt(np.maximum(1 - kept, 0))
        even[-1] = np.concatenate([even[-1], rest[:, None]], axis=1)
    return _joined(even, int(EVEN.sum()) + 1), _joined(odd, int(ODD.sum()))


def candidates(
    even: Floats, odd: Floats, threshold: float
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Every pair whose correlation may reach `threshold`.

    Args:
        even: From `fingerprints`.
        odd: From `fingerprints`.

    Yields:
        Rows i and j, (m,) int64 each, i < j, a block at a time; no pair twice.
    """
    for top in range(0, len(even), BLOCK):
        for left in range(top, len(even), BLOCK):
            bound = even[top : top + BLOCK] @ even[left : left + BLOCK].T
            swing = odd[top : top + BLOCK] @ odd[left : left + BLOCK].T
            bound += np.abs(swing, out=swing)
            # several times as fast as finding rows and columns at once
            i, j = np.divmod(np.flatnonzero(bound >= threshold - SLACK), bound.shape[1])
            i, j = i + top, j + left
            below = i < j
            if below.any():
                yield i[below], j[below]


def unit(images: NDArray[np.uint8]) -> Floats:
    """(n, s, s) float32 with mean 0 and length 1 a face; a constant face is all zeros."""
    values = images.astype(np.float32)
    values -= values.mean(axis=(1, 2), keepdims=True)
    length = np.sqrt((values**2).sum(axis=(1, 2), keepdims=True))
    return np.asarray(values / np.maximum(length, 1e-6), np.float32)


def _joined(parts: list[Floats], width: int) -> Floats:
    return np.concatenate([*parts, np.empty((0, width), np.float32)])


def _cosines(count: int, side: int) -> Floats:
    """The first `count` rows of the orthonormal cosine transform (DCT-II) of `side` values."""
    u, x = np.arange(count)[:, None], np.arange(side)[None, :]
    rows = np.sqrt(2 / side) * np.cos(np.pi * (2 * x + 1) * u / (2 * side))
    rows[0] /= np.sqrt(2)
    return np.asarray(rows, np.float32)


COSINES = _cosines(BANDS, SIDE)
_VERTICAL, _HORIZONTAL = np.indices((BANDS, BANDS))
# (0, 0) is the mean, which is 0
_LOW = (_VERTICAL + _HORIZONTAL < BANDS) & (_VERTICAL + _HORIZONTAL > 0)
EVEN, ODD = _LOW & (_HORIZONTAL % 2 == 0), _LOW & (_HORIZONTAL % 2 == 1)
