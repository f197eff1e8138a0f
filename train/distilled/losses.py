"""What the networks are punished for, under the labels of both heads."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate

import torch
from torch import nn
from torch.nn import functional

from edge.labels import EMOTIONS
from train.distilled.batches import Batch
from train.distilled.distort import Resize
from train.distilled.kernels import Kernels, Tensor
from train.distilled.operations import reduced
from train.distilled.recipe import HEADS

OUTPUTS = len(HEADS) * len(EMOTIONS)

Loss = Callable[[Batch], Tensor]


def heads(logits: Tensor) -> tuple[Tensor, ...]:
    """(n, 14) logits of a network as (n, 7) of each head, in float32."""
    return tuple(logits.float().chunk(len(HEADS), dim=1))


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean over the faces, targets being distributions."""
    return -(targets * functional.log_softmax(logits, dim=1)).sum(dim=1).mean()


def to_labels(logits: Tensor, batch: Batch, fer2013_weight: float = 0.5) -> Tensor:
    """Both heads' cross-entropy to their own targets."""
    pairs = zip(heads(logits), batch.targets, strict=True)
    return _as_one((cross_entropy(told, target) for told, target in pairs), fer2013_weight)


def to_teacher(
    logits: Tensor, teachers: Tensor, temperature: float, fer2013_weight: float = 0.5
) -> Tensor:
    """Both heads' cross-entropy to the teacher's, at a temperature (Hinton et al. 2015)."""
    pairs = zip(heads(logits), heads(teachers), strict=True)
    each = (
        cross_entropy(told / temperature, functional.softmax(right / temperature, dim=1))
        for told, right in pairs
    )
    return temperature**2 * _as_one(each, fer2013_weight)


def _as_one(losses: Iterable[Tensor], weight: float) -> Tensor:
    """Both heads' losses, the first with this weight; with a half of it their sum."""
    first, second = losses
    return 2 * (weight * first + (1 - weight) * second)


def teacher_loss(network: nn.Module, kernels: Kernels | None) -> Loss:
    """The loss of a batch, from the labels alone."""

    def loss(batch: Batch) -> Tensor:
        with reduced(kernels):
            logits = network(batch.faces)
        return to_labels(logits, batch)

    return loss


class Teaching:
    """One who teaches a share of the batches, told of the very faces that the learner sees.

    Args:
        size: Of its input; None for the faces as they are.
        mirrored: Whether it sees them turned around, so that its answer to a mirrored face is
            learnt for the face.
    """

    def __init__(
        self, network: nn.Module, share: float, size: int | None = None, mirrored: bool = False
    ) -> None:
        self.share = share
        self._network = network.eval()
        self._resize = None if size is None else Resize(size)
        self._mirrored = mirrored

    def logits(self, faces: Tensor) -> Tensor:
        """(n, 14) of (n, 1, 48, 48) faces."""
        seen = faces.flip(3) if self._mirrored else faces
        return self._network(seen if self._resize is None else self._resize(seen))


def student_loss(
    network: nn.Module,
    teachers: Sequence[Teaching],
    size: int,
    alpha: float,
    temperature: float,
    kernels: Kernels | None,
    fer2013_weight: float = 0.5,
) -> Loss:
    """The loss of a batch, from the labels and from one of the teachers.

    Cross-entropy is linear in what is taught, so asking one of several at random comes to the mean
    of all, for the time of one.

    Args:
        network: The learner.
        teachers: Their shares sum to 1.
        size: Side of the learner's input.
        alpha: Weight of who teaches; the labels have the rest.
        fer2013_weight: Of the first head; the other has the rest.
    """
    resize = Resize(size)
    *shares, _ = accumulate(one.share for one in teachers)

    def loss(batch: Batch) -> Tensor:
        asked = teachers[bisect_right(shares, float(torch.rand(())))]
        with reduced(kernels):
            with torch.no_grad():
                right = asked.logits(batch.faces)
            logits = network(resize(batch.faces))
        by_labels = to_labels(logits, batch, fer2013_weight)
        by_teacher = to_teacher(logits, right, temperature, fer2013_weight)
        return (1 - alpha) * by_labels + alpha * by_teacher

    return loss
