"""What an epoch is worth: the averaged weights on undistorted faces, under both label sets."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from train.batches import plain
from train.data import FaceSet
from train.distilled.kernels import Kernels
from train.distilled.losses import heads
from train.distilled.operations import reduced
from train.distilled.recipe import HEADS
from train.metrics import score_both, softmax

PART = 128  # faces at a time
NAMES = tuple(f"{labels}_head" for labels in HEADS)


class Judge:
    """Scores both heads of a network on faces that it does not learn from.

    Args:
        size: Side of the network's input.
    """

    def __init__(self, faces: FaceSet, size: int, kernels: Kernels | None) -> None:
        self._faces, self._kernels = faces, kernels
        self._pictures = torch.from_numpy(plain(faces, size)).permute(0, 3, 1, 2)

    def judge(self, network: nn.Module) -> dict[str, float]:
        """Accuracies and anger's average precision, by the log's columns."""
        network.eval()
        told = []
        with torch.no_grad(), reduced(self._kernels):
            for part in self._pictures.split(PART):
                given = part.float().contiguous(memory_format=torch.channels_last)
                told.append(torch.stack(heads(network(given))))
        network.train()
        values: dict[str, float] = {}
        for name, logits in zip(NAMES, torch.cat(told, dim=1).numpy(), strict=True):
            for labels, scores in score_both(softmax(logits), self._faces).items():
                values[f"{name}_{labels}_accuracy"] = scores["accuracy"]
                values[f"{name}_{labels}_anger_average_precision"] = _number(scores)
        return values


def own_accuracy(values: dict[str, float]) -> float:
    """What the best epoch is chosen by: each head under the labels that it learns, in the mean."""
    first, second = NAMES
    own = (f"{first}_original_accuracy", f"{second}_ferplus_accuracy")
    return float(np.mean([values[name] for name in own if name in values]))


def as_line(values: dict[str, float]) -> str:
    """Each head's accuracy under both label sets, in percent, FER-2013's first."""
    return ", ".join(
        f"{name.replace('_', ' ')} "
        + " / ".join(f"{values[key]:.1%}" for key in _accuracies(name) if key in values)
        for name in NAMES
    )


def _accuracies(name: str) -> list[str]:
    return [f"{name}_{labels}_accuracy" for labels in ("original", "ferplus")]


def _number(scores: dict[str, Any]) -> float:
    """Not a number where nobody is angry."""
    told = scores["anger_average_precision"]
    return float("nan") if told is None else float(told)
