"""Everything that is looked at before training, face by face."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from train.audit.cascade import faces_missed
from train.audit.copies import Copies, find_copies
from train.audit.exposure import Exposure, measure
from train.audit.files import Files
from train.audit.gallery import Gallery
from train.audit.leak import TRAINING
from train.audit.votes import Opinions, read_opinions
from train.data import FaceSet


@dataclass(frozen=True)
class Findings:
    """What was found, by the numbers of `gallery`.

    Attributes:
        gallery: The faces.
        files: What was found before they were loaded.
        exposure: Blank and saturated ones.
        opinions: What FER+ says of them.
        copies: Exact and near copies; blank faces have none.
        missed: (n,) where the cascade finds no face; None where it was not asked.
    """

    gallery: Gallery
    files: Files
    exposure: Exposure
    opinions: Opinions
    copies: Copies
    missed: NDArray[np.bool_] | None

    @cached_property
    def around(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Copies of each face by split and label: (n, splits, classes) exact, and near."""
        gallery = self.gallery
        shape = len(gallery.names), len(gallery.classes)
        keys = gallery.split * shape[1] + gallery.labels
        exact, near = self.copies.around(keys, shape[0] * shape[1])
        return exact.reshape(-1, *shape), near.reshape(-1, *shape)

    @cached_property
    def conflicting(self) -> NDArray[np.bool_]:
        """(n,) whether a face has a copy in Training with another label."""
        exact, near = self.around
        others = (exact + near)[:, self.gallery.names.index(TRAINING)]
        others[np.arange(len(others)), self.gallery.labels] = 0
        return np.asarray(others.sum(axis=1) > 0)


def examine(
    splits: Mapping[str, FaceSet],
    files: Files | None = None,
    cascade: bool = True,
    say: Callable[[str], None] | None = None,
) -> Findings:
    """Look at every face of every split.

    FER-2013's 35,739 faces take 8 seconds of one core, and a minute and a half more for the
    cascade. Pictures are read in blocks; what is kept in memory is about 1 KB a face.

    Args:
        splits: As `train.data.load` returns them.
        files: What `inspect` found in the folders.
        cascade: Ask the cascade, too.
        say: Told of the progress.

    Raises:
        DataError: the splits are frames of a video; see `find_copies`.
    """
    gallery = Gallery(splits)
    exposure = measure(gallery)
    return Findings(
        gallery,
        files or Files(),
        exposure,
        read_opinions(gallery),
        find_copies(gallery, exposure.is_blank, say),
        faces_missed(gallery, say) if cascade else None,
    )
