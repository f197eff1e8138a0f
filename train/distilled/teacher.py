"""The teacher: a ResNet (He et al. 2015) for faces of 48 pixels, with a head a label set."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from train.distilled.kernels import Activation, Kernels, Tensor
from train.distilled.operations import Norm

MIDDLE, SPREAD = 128.0, 64.0  # grey levels that become 0 and 1
STEM = (32, 64)


def _looking(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)


class Residual(nn.Module):  # type: ignore[misc]
    """Two 3x3 convolutions beside a shortcut, which averages where it must shrink.

    The second batch norm begins at zero, the block as its shortcut (Goyal et al. 2017).
    """

    def __init__(self, inputs: int, outputs: int, stride: int, kernels: Kernels | None) -> None:
        super().__init__()
        self.first = _looking(inputs, outputs, stride)
        self.first_norm = Norm(outputs, kernels, Activation.RELU)
        self.second = _looking(outputs, outputs)
        self.second_norm = Norm(outputs, kernels)
        nn.init.zeros_(self.second_norm.weight)
        self.shortcut = nn.Identity()
        if stride > 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride) if stride > 1 else nn.Identity(),
                nn.Conv2d(inputs, outputs, 1, bias=False),
                Norm(outputs, kernels),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        y = self.second_norm(self.second(self.first_norm(self.first(x))))
        return functional.relu(y + self.shortcut(x), inplace=True)


class Teacher(nn.Module):  # type: ignore[misc]
    """(n, 1, 48, 48) values 0-255 to (n, outputs) logits.

    Args:
        width: Channels of the first stage; each later one has twice as many, at half the side.
        blocks: Residual blocks of each stage.
        outputs: Of all heads together; one linear layer holds them side by side.
    """

    def __init__(
        self,
        width: int,
        blocks: Sequence[int],
        outputs: int,
        dropout: float,
        kernels: Kernels | None,
    ) -> None:
        super().__init__()
        first, second = STEM
        self.stem = nn.Sequential(
            _looking(1, first),
            Norm(first, kernels, Activation.RELU),
            _looking(first, second, stride=2),
            Norm(second, kernels, Activation.RELU),
        )
        body, inputs = [], second
        for stage, count in enumerate(blocks):
            for index in range(count):
                stride = 2 if stage and index == 0 else 1
                body.append(Residual(inputs, width << stage, stride, kernels))
                inputs = width << stage
        self.body = nn.Sequential(*body)
        self.dropout = nn.Dropout(dropout)
        self.logits = nn.Linear(inputs, outputs)
        self.to(memory_format=torch.channels_last)

    def forward(self, faces: Tensor) -> Tensor:
        """The logits of all heads."""
        features = self.body(self.stem((faces - MIDDLE) / SPREAD)).mean((2, 3))
        return self.logits(self.dropout(features))
