"""First blocks of another shape, taught to answer as those of a trained network do.

What the later blocks have learnt is worth keeping, and they know only the features that they were
trained on. A minute of regression on distorted faces, without any label, gives a new front most of
those.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import count, islice

import torch
from torch.nn import functional

from edge.errors import DataError
from train.distilled.batches import Batch, Batches
from train.distilled.course import groups, take_step
from train.distilled.distort import Resize
from train.distilled.kernels import Kernels
from train.distilled.mobilenet import MobileNet
from train.distilled.operations import reduced
from train.distilled.schedule import learning_rate

RATE, WARMUP, LOWEST_RATE = 3e-3, 50, 0.01
WEIGHT_DECAY = 1e-4
TOLD_OVER = 20  # the last steps, of which the mean is told


def learn_front(
    student: MobileNet,
    other: MobileNet,
    batches: Batches,
    size: int,
    steps: int,
    kernels: Kernels | None,
) -> float:
    """Train the layers before the first shared block on the other's answers there.

    Args:
        size: Side of both networks' input.
        steps: At least one.

    Returns:
        The share of the other's variance that is still missed.

    Raises:
        DataError: the loss is no number.
    """
    resize = Resize(size)
    front = torch.nn.ModuleList([student.stem, student.stem_norm, student.dense])
    optimizer = torch.optim.AdamW(groups(front, WEIGHT_DECAY), lr=RATE, fused=True)
    student.train()
    other.eval()
    missed: list[float] = []
    for step, batch in enumerate(islice(_endless(batches), steps)):
        rate = learning_rate(step, steps, min(WARMUP, steps // 2), RATE, LOWEST_RATE)
        faces = resize(batch.faces)
        with reduced(kernels):
            with torch.no_grad():
                right = other.early(faces).float()
            told = student.early(faces).float()
        loss = functional.mse_loss(told, right) / right.var()
        missed.append(float(loss.detach()))
        if not math.isfinite(missed[-1]):
            raise DataError(
                f"the student's first blocks: the loss is {missed[-1]} at step {step + 1}; "
                "another --seed or --predecessor-learning-rate in a new --run may help"
            )
        take_step(optimizer, loss, rate)
    last = missed[-TOLD_OVER:]
    return sum(last) / len(last)


def _endless(batches: Batches) -> Iterator[Batch]:
    for epoch in count():
        yield from batches.epoch(epoch)
