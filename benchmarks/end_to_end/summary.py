"""What the chain costs: its readings beside those of the ready crops of the same faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.end_to_end.chain import HOWS, How, Readings
from benchmarks.shares import difference, mean
from train.data import FaceSet
from train.metrics import Probabilities
from train.shares import share, truths

READ_FROM: tuple[How, ...] = ("full", "near")


def by_size(
    ready: Probabilities, faces: FaceSet, readings: Readings, margin: float
) -> dict[str, Any]:
    """One size's figures.

    Args:
        ready: (n, k) of the faces as the data set has them.
        margin: The card's crop margin.

    Returns:
        `found`, `kept` (by the search around the face, of those found), `elsewhere` (frames with
        a box of no face), `box` (means and standard deviations of its offset) and, by label set,
        `ready` (the accuracy of the ready crops of all faces, of those found and of those missed)
        and for each box the chain's accuracy and how it differs from the ready crops'.
    """
    found = readings.found["full"]
    return {
        "found": share(found),
        "kept": share(readings.found["near"][found]),
        "elsewhere": share(readings.elsewhere > 0),
        "box": _box(readings.offset),
        "labels": {
            labels: _beside_ready(truth, ready, readings, margin)
            for labels, truth in truths(faces).items()
        },
    }


def _box(offset: NDArray[np.float64]) -> dict[str, dict[str, float]] | None:
    if not len(offset):
        return None
    middle, deviation = offset.mean(axis=0), offset.std(axis=0)
    return {
        name: {"mean": float(middle[index]), "deviation": float(deviation[index])}
        for index, name in enumerate(("right", "down", "wider"))
    }


def _beside_ready(
    truth: NDArray[np.int64], ready: Probabilities, readings: Readings, margin: float
) -> dict[str, Any]:
    before, found = ready.argmax(axis=1) == truth, readings.found["full"]
    labelled = truth >= 0
    told: dict[str, Any] = {
        "ready": {
            "all": share(before[labelled]),
            "found": share(before[labelled & found]),
            "missed": share(before[labelled & ~found]),
        }
    }
    for how in HOWS:
        read = labelled & (readings.found["near"] if how == "near" else found)
        now = readings.told[how, 0.0 if how == "true" else margin].argmax(axis=1) == truth
        told[how] = {
            "accuracy": share(now[read]),
            "difference": difference(now[read], before[read]),
        }
    return told


def by_margin(
    ready: Probabilities,
    faces: FaceSet,
    by_side: Mapping[int, Readings],
    margins: Sequence[float],
) -> dict[str, Any]:
    """The chain's accuracy less the ready crops', at each crop margin.

    Returns:
        By box (`full`, `near`), label set and margin (as text): the difference at each size, and
        under `all` over all sizes, where a face counts once, however often it was found.
    """
    return {
        how: {
            labels: {str(margin): _lost(truth, ready, by_side, how, margin) for margin in margins}
            for labels, truth in truths(faces).items()
        }
        for how in READ_FROM
    }


def _lost(
    truth: NDArray[np.int64],
    ready: Probabilities,
    by_side: Mapping[int, Readings],
    how: How,
    margin: float,
) -> dict[str, Any]:
    sizes = {side: gains(truth, ready, one, how, margin) for side, one in by_side.items()}
    all_sizes = np.stack(list(sizes.values()))
    seen = ~np.isnan(all_sizes).all(axis=0)
    return {str(side): mean(gain[~np.isnan(gain)]) for side, gain in sizes.items()} | {
        "all": mean(np.nanmean(all_sizes[:, seen], axis=0))
    }


def gains(
    truth: NDArray[np.int64], ready: Probabilities, readings: Readings, how: How, margin: float
) -> NDArray[np.float64]:
    """(n,) what the chain makes of each face: 1 righted, 0 as before, -1 spoilt; nan not read."""
    now = readings.told[how, margin].argmax(axis=1) == truth
    before = ready.argmax(axis=1) == truth
    read = readings.found[how] & (truth >= 0)
    return np.where(read, now.astype(float) - before, np.nan)


def best_margin(table: Mapping[str, Any], card_margin: float) -> float | None:
    """The margin that loses least, both label sets counting the same; None if nothing was read.

    Read from the boxes around a known face, as four of five readings are. Of equals the one
    nearest to the card's.
    """
    scores = {}
    for text in next(iter(table["near"].values())):
        values = [by_text[text]["all"]["value"] for by_text in table["near"].values()]
        if None not in values:
            scores[float(text)] = float(np.mean(values))
    if not scores:
        return None
    return max(scores, key=lambda margin: (scores[margin], -abs(margin - card_margin)))
