"""MobileNetV2 with a head a label set: as Keras builds it, and with dense first blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from train.architectures import fused
from train.architectures.network import HALF
from train.distilled.kernels import Activation, Kernels, Tensor
from train.distilled.operations import Depthwise, Norm, strided


@dataclass(frozen=True)
class Shape:
    """The layers of one of the two.

    Attributes:
        architecture: Its name in `train.architectures`.
        stem: Width of the first convolution.
        stem_names: What Keras calls the first convolution and its norm.
        dense: Inner width, width and stride of each dense block.
        inverted: Expansion, width, number and first stride of the blocks after them.
        first: The number that Keras gives the first of those.
    """

    architecture: str
    stem: int
    stem_names: tuple[str, str]
    dense: tuple[tuple[int, int, int], ...]
    inverted: tuple[tuple[int, int, int, int], ...]
    first: int


# Sandler et al. 2018
MOBILENETV2 = Shape(
    architecture="mobilenetv2",
    stem=32,
    stem_names=("Conv1", "bn_Conv1"),
    dense=(),
    inverted=(
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ),
    first=0,
)
FUSED = Shape(
    architecture="mobilenetv2-fused",
    stem=fused.STEM,
    stem_names=("stem", "stem_BN"),
    dense=fused.DENSE,
    inverted=fused.INVERTED,
    first=fused.FIRST_INVERTED,
)
SHARED_FROM = fused.FIRST_INVERTED  # the number of the first block that both have


def _norm(channels: int, kernels: Kernels | None, activation: Activation = Activation.NONE) -> Norm:
    """As `train.architectures.mobilenetv2` sets it; Keras counts momentum from the other end."""
    return Norm(channels, kernels, activation, epsilon=1e-3, momentum=0.01)


def _pointwise(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 1, bias=False)


class DenseBlock(nn.Module):  # type: ignore[misc]
    """Widen with a 3x3 convolution, narrow; beside it the input, where that has the same shape."""

    def __init__(
        self, inputs: int, inner: int, outputs: int, stride: int, kernels: Kernels | None
    ) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, inner, 3, bias=False)  # padded by `strided`
        self.convolution_norm = _norm(inner, kernels, Activation.RELU6)
        self.project = _pointwise(inner, outputs)
        self.project_norm = _norm(outputs, kernels)
        self._stride, self._residual = stride, stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, outputs, h / stride, w / stride), rounded down."""
        y = self.convolution_norm(strided(x, self.convolution.weight, self._stride))
        y = self.project_norm(self.project(y))
        return x + y if self._residual else y


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
        """(n, c, h, w) to (n, outputs, h / stride, w / stride), rounded down."""
        y = x if self.expand is None else self.expand_norm(self.expand(x))
        y = self.depthwise_norm(self.depthwise(y))
        y = self.project_norm(self.project(y))
        return x + y if self._residual else y


class MobileNet(nn.Module):  # type: ignore[misc]
    """(n, 1, s, s) values 0-255 to (n, outputs) logits.

    Args:
        outputs: Of all heads together; one linear layer holds them side by side.
    """

    def __init__(self, shape: Shape, outputs: int, dropout: float, kernels: Kernels | None) -> None:
        super().__init__()
        self.shape = shape
        self.stem = nn.Conv2d(1, shape.stem, 3, stride=2, bias=False)
        self.stem_norm = _norm(shape.stem, kernels, Activation.RELU6)
        inputs, dense, inverted = shape.stem, [], []
        for inner, width, stride in shape.dense:
            dense.append(DenseBlock(inputs, inner, width, stride, kernels))
            inputs = width
        for expansion, width, count, stride in shape.inverted:
            for index in range(count):
                one = stride if index == 0 else 1
                inverted.append(InvertedResidual(inputs, width, expansion, one, kernels))
                inputs = width
        self.dense, self.blocks = nn.ModuleList(dense), nn.ModuleList(inverted)
        self.last = _pointwise(inputs, fused.LAST)
        self.last_norm = _norm(fused.LAST, kernels, Activation.RELU6)
        self.dropout = nn.Dropout(dropout)
        self.logits = nn.Linear(fused.LAST, outputs)
        self.to(memory_format=torch.channels_last)

    def forward(self, faces: Tensor) -> Tensor:
        """The logits of all heads."""
        x = self.early(faces)
        for block in self.blocks[self._early :]:
            x = block(x)
        x = self.last_norm(self.last(x)).mean((2, 3))
        return self.logits(self.dropout(x))

    def early(self, faces: Tensor) -> Tensor:
        """What goes into the first block that both shapes have: (n, 32, s/8, s/8), rounded down."""
        x = self.stem_norm(strided(faces / HALF - 1, self.stem.weight, 2))
        for block in (*self.dense, *self.blocks[: self._early]):
            x = block(x)
        return x

    @property
    def _early(self) -> int:
        return SHARED_FROM - self.shape.first

    def by_keras_name(self) -> Iterator[tuple[str, nn.Module]]:
        """The layers that have weights, but for the heads, by the names that Keras gives them."""
        yield from zip(self.shape.stem_names, (self.stem, self.stem_norm), strict=True)
        for index, block in enumerate(self.dense, start=1):
            name = f"dense_{index}"
            yield f"{name}_conv", block.convolution
            yield f"{name}_conv_BN", block.convolution_norm
            yield from _narrowing(name, block)
        for index, block in enumerate(self.blocks, start=self.shape.first):
            name = f"block_{index}" if index else "expanded_conv"
            if block.expand is not None:
                yield f"{name}_expand", block.expand
                yield f"{name}_expand_BN", block.expand_norm
            yield f"{name}_depthwise", block.depthwise
            yield f"{name}_depthwise_BN", block.depthwise_norm
            yield from _narrowing(name, block)
        yield "Conv_1", self.last
        yield "Conv_1_bn", self.last_norm


def _narrowing(name: str, block: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    yield f"{name}_project", block.project
    yield f"{name}_project_BN", block.project_norm
