"""Distorted, mixed faces with a target for each head; the same for the same seed and epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from edge.errors import DataError
from train.data import FaceSet, soft_targets
from train.distilled.distort import Distortions
from train.distilled.kernels import Tensor
from train.distilled.recipe import HEADS

GLARE = 2.5  # times the light


class Batch(NamedTuple):
    """What one step learns from."""

    faces: Tensor
    """(b, 1, 48, 48) float32, whole numbers of 0-255, channels last."""
    targets: tuple[Tensor, Tensor]
    """(b, 7) float32 distributions: FER-2013's labels, and the FER+ votes."""


class Batches:
    """A training's faces, epoch by epoch.

    The last, short batch is left out: its batch-norm statistics would be noise.

    Args:
        smoothing: Of the labels, and of the votes.
        cutmix_share: Of the batches, those in which a rectangle of another face is pasted into
            each (Yun et al. 2019).
        plain_from: The epoch (counted from 0) from which on none has.
        glare_share: Of the faces, those in up to `GLARE` times the light.
        seed: Any whole numbers; two stages of one training must differ in them.
        name: What the stage's flags begin with.

    Raises:
        DataError: the faces do not fill one batch.
    """

    def __init__(
        self,
        faces: FaceSet,
        batch: int,
        smoothing: tuple[float, float],
        cutmix_share: float,
        plain_from: int,
        augment: float,
        seed: tuple[int, ...],
        name: str,
        glare_share: float = 0.0,
    ) -> None:
        if len(faces) < batch:
            raise DataError(
                f"--data: {len(faces)} Training faces do not fill one batch of {batch}; give more "
                f"faces or a smaller --{name}-batch"
            )
        self._images, self._batch = faces.images, batch
        self._targets = tuple(
            torch.from_numpy(soft_targets(faces, smoothing=amount, labels=labels))
            for labels, amount in zip(HEADS, smoothing, strict=True)
        )
        self._cutmix_share, self._plain_from, self._seed = cutmix_share, plain_from, seed
        self._glare_share, self._distortions = glare_share, Distortions(augment)

    def __len__(self) -> int:
        """Batches of an epoch."""
        return len(self._images) // self._batch

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of an epoch (counted from 0); sets PyTorch's own seed, for dropout."""
        rng = np.random.default_rng((*self._seed, number))
        torch.manual_seed(int(rng.integers(2**63)))
        self._distortions.start_epoch(rng)
        order = rng.permutation(len(self._images))
        for index in range(len(self)):
            chosen = order[index * self._batch : (index + 1) * self._batch]
            images = torch.from_numpy(np.asarray(self._images[chosen], np.float32))
            first, second = (one[torch.from_numpy(chosen)] for one in self._targets)
            batch = Batch(self._distortions(images[:, None]), (first, second))
            if number < self._plain_from and rng.random() < self._cutmix_share:
                batch = _mixed(batch, rng)
            if self._glare_share:
                batch = batch._replace(faces=_glaring(batch.faces, self._glare_share, rng))
            yield batch._replace(faces=batch.faces.round())


def _mixed(batch: Batch, rng: np.random.Generator) -> Batch:
    """One rectangle's place for the whole batch, its area uniform over the picture's."""
    side = batch.faces.shape[-1]
    length = int(side * math.sqrt(rng.random()))
    top, left = (int(one) for one in rng.integers(0, side - length + 1, 2))
    other = torch.from_numpy(rng.permutation(len(batch.faces)))
    faces = batch.faces.clone()
    pasted = (..., slice(top, top + length), slice(left, left + length))
    faces[pasted] = batch.faces[other][pasted]
    share = 1 - length**2 / side**2
    first, second = (share * one + (1 - share) * one[other] for one in batch.targets)
    return Batch(faces, (first, second))


def _glaring(faces: Tensor, share: float, rng: np.random.Generator) -> Tensor:
    """Some of the faces in more light, which the brightest pixels may not hold."""
    count = len(faces)
    light = np.where(rng.random(count) < share, rng.uniform(1, GLARE, count), 1.0)
    factors = torch.from_numpy(light.astype(np.float32)).reshape(-1, 1, 1, 1)
    return (faces * factors).clamp(0, 255)
