"""What the model looks at when it says angry, in numbers: shares of attention and covered bands.

Three views of the same question. Grad-CAM says where the evidence lay; covering a part of the face
(occlusion, Zeiler and Fergus 2014) says what becomes of the verdict without it, be it a
band across the face or a small patch. Where they disagree, believe the covering: it asks the whole
network, not its last layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from train.data import SIDE

# Rows of FER-2013's average face, as shares of its height: (from, to).
BANDS: dict[str, tuple[float, float]] = {
    "forehead": (0.0, 10 / 48),
    "brows": (10 / 48, 16 / 48),
    "eyes": (16 / 48, 22 / 48),
    "nose and cheeks": (22 / 48, 32 / 48),
    "mouth": (32 / 48, 43 / 48),
    "chin": (43 / 48, 1.0),
}
ENOUGH = 24  # faces in an average, so that it shows nobody
PLACES = 7  # along each side of the face where a patch is put, a quarter of the side wide


@dataclass(frozen=True)
class Group:
    """Faces that were called angry, rightly or wrongly.

    Attributes:
        n: How many.
        face: (48, 48) uint8, their average; None where they are too few to show nobody.
        attention: (48, 48) float32, their mean Grad-CAM, summing to 1; None if there is none.
        shares: Share of the attention on each of `BANDS`.
        covered: Mean probability of anger with each of `BANDS` covered, and with `nothing`.
    """

    n: int
    face: NDArray[np.uint8] | None
    attention: NDArray[np.float32] | None
    shares: dict[str, float]
    covered: dict[str, float]


def mean_face(images: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """The (48, 48) uint8 average of (n, h, w) faces; None where they are too few to show nobody."""
    if len(images) < ENOUGH:
        return None
    mean = np.mean(images, axis=0)
    return np.asarray(cv2.resize(mean, (SIDE, SIDE)).round(), dtype=np.uint8)


def mean_attention(maps: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """The (48, 48) float32 mean of (n, h, w) maps, each counting the same; sums to 1.

    A map without any attention is left out; None where nothing is left.
    """
    maps = maps[maps.sum(axis=(1, 2)) > 0]
    if len(maps) == 0:
        return None
    mean = (maps / maps.sum(axis=(1, 2), keepdims=True)).mean(axis=0)
    large = cv2.resize(mean, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large / large.sum(), np.float32)


def band_shares(attention: NDArray[np.float32]) -> dict[str, float]:
    """Share of an (h, w) map that lies on each of `BANDS`; they add up to 1."""
    by_row = attention.sum(axis=1) / max(float(attention.sum()), 1e-12)
    # the sum up to a row that a border may cut in two
    reached = np.concatenate([[0.0], np.cumsum(by_row)])
    rows = np.arange(len(reached))

    def up_to(share: float) -> float:
        return float(np.interp(share * len(by_row), rows, reached))

    return {name: up_to(end) - up_to(start) for name, (start, end) in BANDS.items()}


def covered(images: NDArray[np.uint8], band: str) -> NDArray[np.uint8]:
    """(n, h, w) faces with the rows of one band replaced by each face's mean grey.

    Training hides rectangles of one grey too, so such a face is not new to the network.
    """
    start, end = (round(share * images.shape[1]) for share in BANDS[band])
    hidden = np.array(images)
    hidden[:, start:end] = images.mean(axis=(1, 2)).round().astype(np.uint8)[:, None, None]
    return hidden


def cover_bands(
    images: NDArray[np.uint8],
    probability: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
) -> dict[str, NDArray[np.float32]]:
    """(n,) float32 of `probability(images)` with each band covered, and with `nothing` covered."""
    told = {"nothing": probability(images)}
    return told | {band: probability(covered(images, band)) for band in BANDS}


def group(
    images: NDArray[np.uint8],
    maps: NDArray[np.float32],
    probabilities: dict[str, NDArray[np.float32]],
    chosen: NDArray[np.bool_],
) -> Group:
    """Sum up the `chosen` (n,) of (n, h, w) `images` with their maps and `cover_bands`."""
    attention = mean_attention(maps[chosen])
    some = bool(chosen.any())
    return Group(
        n=int(chosen.sum()),
        face=mean_face(images[chosen]),
        attention=attention,
        shares={} if attention is None else band_shares(attention),
        covered={b: float(p[chosen].mean()) for b, p in probabilities.items()} if some else {},
    )


def patch_map(
    images: NDArray[np.uint8],
    probability: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """How much of the mean `probability` each place of the face carries: a patch covers it in turn.

    Unlike Grad-CAM it does not get coarser with the network's last layer.

    Args:
        images: (n, h, w) uint8, n above 0.

    Returns:
        (`PLACES`, `PLACES`) float32, the mean loss of probability; below 0 where covering helps.
    """
    before = float(probability(images).mean())
    grey = images.mean(axis=(1, 2)).round().astype(np.uint8)[:, None, None]
    height, width = images.shape[1:]
    lost = np.zeros((PLACES, PLACES), np.float32)
    for row, column in np.ndindex(lost.shape):
        top, bottom = _patch(row, height)
        left, right = _patch(column, width)
        hidden = np.array(images)
        hidden[:, top:bottom, left:right] = grey
        lost[row, column] = before - float(probability(hidden).mean())
    return lost


def _patch(place: int, length: int) -> tuple[int, int]:
    """From where to where the patch reaches along one side; neighbours overlap by half."""
    side = 2 * length / (PLACES + 1)
    return round(place * side / 2), round(place * side / 2 + side)
