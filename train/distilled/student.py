"""The student: MobileNetV2 (Sandler et al. 2018) as Keras builds it, with a head a label set."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from train.distilled.kernels import Activation, Kernels, Tensor
from train.distilled.operations import Depthwise, Norm, strided

HALF = 127.5  # the grey that is 0 after scaling, and what is divided by
STEM, LAST = 32, 1280
# expansion, width, blocks, stride of the first
BLOCKS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def _norm(channels: int, kernels: Kernels | None, activation: Activation = Activation.NONE) -> Norm:
    """As `train.architectures.mobilenetv2` sets it; Keras counts momentum from the other end."""
    return Norm(channels, kernels, activation, epsilon=1e-3, momentum=0.01)


def _pointwise(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 1, bias=False)


class InvertedResidual(nn.Module):  # type: ignore[misc]
    """Widen, look around, narrow; beside it the input, where that has the same shape."""

    def __init__(
        self, inputs: int, outputs: int, expansion: int, stride: int, kernels: Kernels | None
    ) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expand: nn.Module | None = None
        if expansion > 1:
            self.expand = _pointwise(inputs, inner)
            self.expand_norm = _norm(inner, kernels, Activation.RELU6)
        self.depthwise = Depthwise(inner, stride, kernels)
        self.depthwise_norm = _norm(inner, kernels, Activation.RELU6)
        self.project = _pointwise(inner, outputs)
        self.project_norm = _norm(outputs, kernels)
        self._residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, outputs, h / stride, w / stride)."""
        y = x if self.expand is None else self.expand_norm(self.expand(x))
        y = self.depthwise_norm(self.depthwise(y))
        y = self.project_norm(self.project(y))
        return x + y if self._residual else y


class Student(nn.Module):  # type: ignore[misc]
    """(n, 1, s, s) values 0-255, s a multiple of 32, to (n, outputs) logits.

    Args:
        outputs: Of all heads together; one linear layer holds them side by side.
    """

    def __init__(self, outputs: int, dropout: float, kernels: Kernels | None) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, STEM, 3, stride=2, bias=False)
        self.stem_norm = _norm(STEM, kernels, Activation.RELU6)
        blocks, inputs = [], STEM
        for expansion, width, count, stride in BLOCKS:
            for index in range(count):
                one = stride if index == 0 else 1
                blocks.append(InvertedResidual(inputs, width, expansion, one, kernels))
                inputs = width
        self.blocks = nn.ModuleList(blocks)
        self.last = _pointwise(inputs, LAST)
        self.last_norm = _norm(LAST, kernels, Activation.RELU6)
        self.dropout = nn.Dropout(dropout)
        self.logits = nn.Linear(LAST, outputs)
        self.to(memory_format=torch.channels_last)

    def forward(self, faces: Tensor) -> Tensor:
        """The logits of all heads."""
        x = self.stem_norm(strided(faces / HALF - 1, self.stem.weight, 2))
        for block in self.blocks:
            x = block(x)
        x = self.last_norm(self.last(x)).mean((2, 3))
        return self.logits(self.dropout(x))

    def by_keras_name(self) -> Iterator[tuple[str, nn.Module]]:
        """The layers that have weights, but for the heads, by the names that Keras gives them."""
        yield "Conv1", self.stem
        yield "bn_Conv1", self.stem_norm
        for index, block in enumerate(self.blocks):
            name = f"block_{index}" if index else "expanded_conv"
            if block.expand is not None:
                yield f"{name}_expand", block.expand
                yield f"{name}_expand_BN", block.expand_norm
            yield f"{name}_depthwise", block.depthwise
            yield f"{name}_depthwise_BN", block.depthwise_norm
            yield f"{name}_project", block.project
            yield f"{name}_project_BN", block.project_norm
        yield "Conv_1", self.last
        yield "Conv_1_bn", self.last_norm
