"""What all three networks are punished for, both heads counting the same."""

from __future__ import annotations

from collections.abc import Callable

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


def to_labels(logits: Tensor, batch: Batch) -> Tensor:
    """Both heads' cross-entropy to their own targets."""
    pairs = zip(heads(logits), batch.targets, strict=True)
    return sum(cross_entropy(told, target) for told, target in pairs)


def to_teacher(logits: Tensor, teachers: Tensor, temperature: float) -> Tensor:
    """Both heads' cross-entropy to the teacher's, at a temperature (Hinton et al. 2015)."""
    pairs = zip(heads(logits), heads(teachers), strict=True)
    return temperature**2 * sum(
        cross_entropy(told / temperature, functional.softmax(right / temperature, dim=1))
        for told, right in pairs
    )


def teacher_loss(network: nn.Module, kernels: Kernels | None) -> Loss:
    """The loss of a batch, from the labels alone."""

    def loss(batch: Batch) -> Tensor:
        with reduced(kernels):
            logits = network(batch.faces)
        return to_labels(logits, batch)

    return loss


def student_loss(
    network: nn.Module,
    teacher: nn.Module,
    size: int,
    alpha: float,
    temperature: float,
    kernels: Kernels | None,
    predecessor: nn.Module | None = None,
    predecessor_share: float = 0.0,
) -> Loss:
    """The loss of a batch, from the labels and from a teacher that sees the very same faces.

    Cross-entropy is linear in what is taught, so asking one of two teachers at random comes to the
    mean of both, for the time of one.

    Args:
        size: Side of the student's input.
        alpha: Weight of the teacher; the labels have the rest.
        predecessor: A second teacher, with the student's input.
        predecessor_share: Of the batches, those that it teaches.
    """
    resize = Resize(size)
    for one in (teacher, predecessor):
        if one is not None:
            one.eval()

    def told_right(faces: Tensor, resized: Tensor) -> Tensor:
        if predecessor is not None and float(torch.rand(())) < predecessor_share:
            return predecessor(resized)
        return teacher(faces)

    def loss(batch: Batch) -> Tensor:
        faces = resize(batch.faces)
        with reduced(kernels):
            with torch.no_grad():
                right = told_right(batch.faces, faces)
            logits = network(faces)
        by_labels, by_teacher = to_labels(logits, batch), to_teacher(logits, right, temperature)
        return (1 - alpha) * by_labels + alpha * by_teacher

    return loss
