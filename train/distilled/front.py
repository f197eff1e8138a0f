"""First blocks of another shape, taught to answer as those of a trained network do.

What the later blocks have learnt is worth keeping, and they know only the features that they were
trained on. A minute of regression gives a new front most of those, from distorted faces alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice

import torch
from torch.nn import functional

from train.distilled.batches import Batch, Batches
from train.distilled.course import groups
from train.distilled.distort import Resize
from train.distilled.kernels import Kernels
from train.distilled.operations import reduced
from train.distilled.schedule import learning_rate
from train.distilled.student import Student

RATE, WARMUP, LOWEST_RATE = 3e-3, 50, 0.01
WEIGHT_DECAY = 1e-4
TOLD_OVER = 20  # the last steps, of which the mean is told


def learn_front(
    student: Student,
    other: Student,
    batches: Batches,
    size: int,
    steps: int,
    kernels: Kernels | None,
) -> float:
    """Train the layers before the first shared block on the other's answers there.

    Args:
        size: Side of both networks' input.

    Returns:
        The share of the other's variance that is still missed; NaN after no step.
    """
    resize = Resize(size)
    front = torch.nn.ModuleList([student.stem, student.stem_norm, student.dense])
    optimizer = torch.optim.AdamW(groups(front, WEIGHT_DECAY), lr=RATE, fused=True)
    student.train()
    other.eval()
    missed: list[float] = []
    for step, batch in enumerate(islice(_endless(batches), steps)):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps, min(WARMUP, steps // 2), RATE, LOWEST_RATE)
        faces = resize(batch.faces)
        with reduced(kernels):
            with torch.no_grad():
                right = other.early(faces).float()
            told = student.early(faces).float()
        loss = functional.mse_loss(told, right) / right.var()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        missed.append(float(loss.detach()))
    last = missed[-TOLD_OVER:]
    return sum(last) / len(last) if last else float("nan")


def _endless(batches: Batches) -> Iterator[Batch]:
    for epoch in count():
        yield from batches.epoch(epoch)
