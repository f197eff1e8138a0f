"""Batches for training: shuffled, mixed, and the same for the same seed and epoch."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edge.vision.face import normalise
from train.data import FaceSet

Batch = tuple[NDArray[np.float32], ...]


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of `(faces (b, s, s, 1) float32 of 0-255, targets (b, k) float32[, weights (b,)])`.

    Every random choice follows from (seed, epoch, position), so an interrupted training that
    resumes at an epoch sees the faces it would have seen. The last, short batch is left out: its
    batch-norm statistics would be noise.

    Args:
        targets: (n, k) float32: k is the number of classes, or twice that where the second half
            holds the teachers' probabilities.
        class_weights: (classes,) float32; a face weighs what its target's classes weigh.
        mixup: Alpha of the Beta distribution by which two faces are blended (Zhang et al. 2018).
        cutmix: The same for a rectangle of another face pasted in (Yun et al. 2019). With both,
            each batch has one of the two.
    """

    def __init__(
        self,
        faces: FaceSet,
        targets: NDArray[np.float32],
        batch: int,
        seed: int,
        class_weights: NDArray[np.float32] | None = None,
        mixup: float = 0.0,
        cutmix: float = 0.0,
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=8)
        self._images, self._targets = faces.images, targets
        self._batch, self._seed = batch, seed
        self._class_weights = class_weights
        self._mixers = [
            (mix, alpha) for mix, alpha in ((_blended, mixup), (_pasted, cutmix)) if alpha > 0
        ]
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Shuffle for `epoch` (counted from 0)."""
        self._epoch = epoch
        self._order = np.random.default_rng((self._seed, epoch)).permutation(len(self._targets))

    @property
    def side(self) -> int:
        """Of the faces, in pixels."""
        return int(self._images.shape[1])

    def __len__(self) -> int:
        return len(self._targets) // self._batch

    def __getitem__(self, index: int) -> Batch:
        chosen = self._order[index * self._batch : (index + 1) * self._batch]
        faces = np.asarray(self._images[chosen], np.float32)[..., None]
        targets = self._targets[chosen]
        if self._mixers:
            rng = np.random.default_rng((self._seed, self._epoch, index))
            mix, alpha = self._mixers[rng.integers(len(self._mixers))]
            faces, targets = mix(faces, targets, alpha, rng)
        if self._class_weights is None:
            return faces, targets
        return faces, targets, targets[:, : len(self._class_weights)] @ self._class_weights


def _blended(
    faces: NDArray[np.float32], targets: NDArray[np.float32], alpha: float, rng: Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    share = rng.beta(alpha, alpha, len(faces)).astype(np.float32)
    other = rng.permutation(len(faces))
    weight = share[:, None, None, None]
    mixed = weight * faces + (1 - weight) * faces[other]
    return mixed, _shared(targets, targets[other], share)


def _pasted(
    faces: NDArray[np.float32], targets: NDArray[np.float32], alpha: float, rng: Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    height, width = faces.shape[1:3]
    other = rng.permutation(len(faces))
    result, kept = faces.copy(), np.empty(len(faces), np.float32)
    for index, share in enumerate(rng.beta(alpha, alpha, len(faces))):
        h, w = (round(length * np.sqrt(1 - share)) for length in (height, width))
        top, left = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
        result[index, top : top + h, left : left + w] = faces[
            other[index], top : top + h, left : left + w
        ]
        kept[index] = 1 - h * w / (height * width)
    return result, _shared(targets, targets[other], kept)


def _shared(
    targets: NDArray[np.float32], others: NDArray[np.float32], share: NDArray[np.float32]
) -> NDArray[np.float32]:
    return share[:, None] * targets + (1 - share[:, None]) * others


def balanced_weights(targets: NDArray[np.float32]) -> NDArray[np.float32]:
    """(k,) a weight per class that makes each count the same, 1 in the mean over the faces.

    A class that no target names weighs nothing.

    Args:
        targets: (n, k), each row a distribution.
    """
    share = targets.mean(axis=0)
    present = share > 0
    weights = np.zeros_like(share)
    weights[present] = 1 / (share[present] * present.sum())
    return np.asarray(weights, np.float32)


def plain(faces: FaceSet, size: int) -> NDArray[np.uint8]:
    """All faces as the device would see them, undistorted: (n, size, size, 1) uint8."""
    return prepared(faces.images, size)


def prepared(images: NDArray[Any], size: int) -> NDArray[np.uint8]:
    """(n, h, w) uint8 pictures as the device would see them: (n, size, size, 1) uint8."""
    return np.stack([normalise(np.asarray(face), size) for face in images])[..., None]
