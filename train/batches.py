"""Batches for training: shuffled, distorted, and the same for the same seed and epoch."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from edge.vision.face import normalise
from train.augment import augment
from train.data import FaceSet


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Augmented batches of `(faces (b, size, size, 1) uint8, targets (b, 7) float32)`.

    Every random choice follows from (seed, epoch, position), so an interrupted training that
    resumes at an epoch sees the faces it would have seen. The last, short batch is left out: its
    batch-norm statistics would be noise.
    """

    def __init__(
        self, faces: FaceSet, targets: NDArray[np.float32], size: int, batch: int, seed: int
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=8)
        self._faces, self._targets = faces, targets
        self._size, self._batch, self._seed = size, batch, seed
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Shuffle for `epoch` (counted from 0)."""
        self._epoch = epoch
        self._order = np.random.default_rng((self._seed, epoch)).permutation(len(self._faces))

    def __len__(self) -> int:
        return len(self._faces) // self._batch

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        chosen = self._order[index * self._batch : (index + 1) * self._batch]
        rng = np.random.default_rng((self._seed, self._epoch, index))
        faces = [augment(self._faces.images[i], self._size, rng) for i in chosen]
        return np.stack(faces)[..., None], self._targets[chosen]


def plain(faces: FaceSet, size: int) -> NDArray[np.uint8]:
    """All faces as the device would see them, undistorted: (n, size, size, 1) uint8."""
    return np.stack([normalise(face, size) for face in faces.images])[..., None]
