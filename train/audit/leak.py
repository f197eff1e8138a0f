"""Test faces whose copies are in Training: what a model may have learnt by heart."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from train.audit.copies import Copies, find_copies
from train.audit.exposure import measure
from train.audit.gallery import Gallery
from train.data import TEST_SPLITS, FaceSet

TRAINING = "Training"


def leaked(
    splits: Mapping[str, FaceSet], say: Callable[[str], None] | None = None
) -> dict[str, NDArray[np.bool_]]:
    """The faces of each test split that have an exact or a near copy in Training.

    Returns:
        By test split: (n,) bool in the order of its faces.

    Raises:
        DataError: the splits are frames of a video; see `find_copies`.
    """
    gallery = Gallery(splits)
    exposure = measure(gallery)
    return leaked_copies(gallery, find_copies(gallery, exposure.is_blank, say))


def leaked_copies(gallery: Gallery, copies: Copies) -> dict[str, NDArray[np.bool_]]:
    """The same from copies that are known already."""
    exact, near = copies.around(gallery.split, len(gallery.names))
    training = gallery.names.index(TRAINING)
    mask = (exact + near)[:, training] > 0
    return {
        name: mask[gallery.split == split]
        for split, name in enumerate(gallery.names)
        if name in TEST_SPLITS
    }
