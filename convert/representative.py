"""The faces from which the quantiser takes its ranges: balanced, and always the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from train.batches import plain
from train.data import FaceSet

FACES = 420  # 60 of each of seven emotions
SEED = 2013


def representative_faces(training: FaceSet, size: int) -> NDArray[np.uint8]:
    """About `FACES` faces, as many of each class, normalised: (n, size, size, 1) uint8.

    A class with fewer faces gives all it has. The first two pixels are black and white, so that
    the input's range is all of 0-255 and its scale 1, however dark the faces are.

    Raises:
        DataError: a class has none at all, so its range would be guessed.
    """
    rng = np.random.default_rng(SEED)
    chosen = []
    for label, name in enumerate(training.classes):
        members = np.flatnonzero(training.labels == label)
        if len(members) == 0:
            raise DataError(f"--data: no Training face is labelled {name}; ranges need every class")
        chosen.append(rng.permutation(members)[: FACES // len(training.classes)])
    faces = plain(training[np.sort(np.concatenate(chosen))], size)
    faces[0, 0, :2, 0] = 0, 255
    return faces
