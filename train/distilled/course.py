"""One stage from its first epoch, or the one it was stopped in, to its last."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from edge.errors import DataError
from train.distilled import checkpoint
from train.distilled.average import Average, copied
from train.distilled.batches import Batches
from train.distilled.checkpoint import Checkpoint, Weights
from train.distilled.judge import Judge, as_line, own_accuracy
from train.distilled.kernels import Tensor
from train.distilled.losses import Loss
from train.distilled.recipe import PredecessorRecipe, TeacherRecipe
from train.distilled.schedule import learning_rate
from train.log import add_line

LAST = "last.pt"
LOG = "log.csv"


@dataclass
class Stage:
    """What all stages have in common while they learn.

    Attributes:
        folder: Of the stage's files; its name is what its flags begin with.
        loss: Of a batch, with gradients to the network.
        lowest_rate: Share of the highest learning rate that the last step comes close to.
        faces: SHA-256 of the training faces.
        chosen: Is called with the averaged weights in place whenever an epoch is the best so far.
    """

    folder: Path
    recipe: TeacherRecipe | PredecessorRecipe
    network: nn.Module
    optimizer: Any
    lowest_rate: float
    batches: Batches
    loss: Loss
    judge: Judge
    faces: str
    say: Callable[[str], None]
    chosen: Callable[[], object] = lambda: None

    @property
    def name(self) -> str:
        """Teacher, predecessor, student or successor."""
        return self.folder.name


def groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """What an optimizer takes: kernels decay; biases, scales and offsets do not."""
    weights = list(network.parameters())
    return [
        {"params": [one for one in weights if one.dim() > 1], "weight_decay": weight_decay},
        {"params": [one for one in weights if one.dim() <= 1], "weight_decay": 0.0},
    ]


def take_step(optimizer: Any, loss: Tensor, rate: float) -> None:
    """Move the weights down the loss' gradient at this learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def train(stage: Stage) -> Checkpoint:
    """Train the epochs that are left; each is on disk when it ends.

    Returns:
        The stage after its last epoch.

    Raises:
        DataError: the loss is no number, or the folder's last epoch cannot be gone on from.
        KeyboardInterrupt: passed on; the last whole epoch is on disk.
    """
    average = Average(stage.network, stage.recipe.ema_momentum)
    last = stage.folder / LAST
    now = _resumed(stage, average) if last.is_file() else _begun(stage, average)
    for epoch in range(now.epoch, stage.recipe.epochs):
        begun = time.monotonic()
        loss = _one_epoch(stage, average, epoch)
        with average.in_place():
            values = stage.judge.judge(stage.network)
            best = own_accuracy(values) > now.best
            if best:
                now.best, now.best_weights = own_accuracy(values), copied(stage.network)
                stage.chosen()
        seconds = time.monotonic() - begun
        rate = stage.optimizer.param_groups[0]["lr"]
        line = {"learning_rate": rate, "seconds": seconds, "loss": loss, **values}
        add_line(stage.folder / LOG, epoch + 1, line)
        now.epoch = epoch + 1
        now.network, now.optimizer = stage.network.state_dict(), stage.optimizer.state_dict()
        # The weights go last: killed before, the epoch is run again and comes out the same.
        now.save(last)
        stage.say(
            f"{stage.name}, epoch {epoch + 1} of {stage.recipe.epochs}: loss {loss:.3f}, "
            f"PublicTest {as_line(values)}{' (best so far)' if best else ''}; {seconds:.0f} s, "
            f"{_as_time((stage.recipe.epochs - epoch - 1) * seconds)} left"
        )
    return now


def _begun(stage: Stage, average: Average) -> Checkpoint:
    weights: Weights = copied(stage.network)
    return Checkpoint(stage.faces, 0, weights, {}, average.weights, -math.inf, weights)


def _resumed(stage: Stage, average: Average) -> Checkpoint:
    path = stage.folder / LAST
    now = checkpoint.read(path, stage.faces)
    try:
        stage.network.load_state_dict(now.network)
        stage.optimizer.load_state_dict(now.optimizer)
    except (RuntimeError, ValueError, KeyError) as error:
        raise DataError(f"{path}: does not fit this recipe's network; take a new --run") from error
    average.weights.update(now.average)
    now.average = average.weights
    return now


def _one_epoch(stage: Stage, average: Average, epoch: int) -> float:
    """The mean loss of the epoch's batches."""
    count, recipe = len(stage.batches), stage.recipe
    warmup = round(recipe.warmup_epochs * count)
    stage.network.train()
    total = 0.0
    for index, batch in enumerate(stage.batches.epoch(epoch)):
        step = epoch * count + index
        rate = learning_rate(
            step, count * recipe.epochs, warmup, recipe.learning_rate, stage.lowest_rate
        )
        loss = stage.loss(batch)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise DataError(
                f"{stage.folder}: the loss is {value} after batch {index + 1} of epoch {epoch + 1};"
                f" try a lower --{stage.name}-learning-rate in a new --run; the last whole epoch "
                "is kept"
            )
        take_step(stage.optimizer, loss, rate)
        average.follow(step + 1)
        total += value
    return total / count


def _as_time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} h"
