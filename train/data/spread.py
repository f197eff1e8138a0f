"""Which faces of a set without test faces are held back as such. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from train.data.faces import SPLITS

SEED = 0
HELD_BACK = 10  # one in ten


def spread(names: Sequence[str], missing: Sequence[str]) -> list[str]:
    """Divide the faces of one class: a tenth to each of the `missing` splits, the rest to Training.

    The order is drawn from the names and a fixed seed, not from their positions: every machine
    divides a folder alike, and faces that are added to it later move few of those already there.

    Args:
        names: Of the faces of one class, each once.
        missing: Splits to fill, each with at least one face as long as one is left for Training.

    Returns:
        The split of each name.
    """
    order = sorted(range(len(names)), key=lambda i: _drawn(names[i]))
    share = max(1, round(len(names) / HELD_BACK))
    told = [SPLITS[0]] * len(names)
    start = 0
    for split in missing:
        end = min(start + share, max(0, len(names) - 1))
        for i in order[start:end]:
            told[i] = split
        start = end
    return told


def _drawn(name: str) -> bytes:
    return hashlib.blake2b(f"{SEED}/{name}".encode(errors="surrogateescape")).digest()
