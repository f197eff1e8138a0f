"""The two layers that the kernels compute, and PyTorch where they cannot.

The kernels work in bfloat16, so they are used where that was asked for: inside autocast. Outside
of it, or without kernels, both layers are PyTorch's own operations in the precision of their input.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from train.distilled.kernels import Activation, Kernels, Tensor, as_input


def reduced(kernels: Kernels | None) -> AbstractContextManager[Any]:
    """What a training step computes in: bfloat16 where there are kernels, else float32."""
    if kernels is None:
        return nullcontext()
    context: AbstractContextManager[Any] = torch.autocast("cpu", torch.bfloat16)
    return context


class Norm(nn.Module):  # type: ignore[misc]
    """Batch norm and its activation.

    Args:
        momentum: Share of a batch's statistics in the running ones.
    """

    def __init__(
        self,
        channels: int,
        kernels: Kernels | None,
        activation: Activation = Activation.NONE,
        epsilon: float = 1e-5,
        momentum: float = 0.1,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self._kernels, self._activation = kernels, activation
        self._epsilon, self._momentum = epsilon, momentum

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to the same shape."""
        if self.training and self._kernels is not None and torch.is_autocast_enabled("cpu"):
            return self._by_kernels(x)
        y = functional.batch_norm(
            x,
            *(self.running_mean, self.running_var, self.weight, self.bias),
            *(self.training, self._momentum, self._epsilon),
        )
        return _activated(y, self._activation)

    def _by_kernels(self, x: Tensor) -> Tensor:
        y, mean, inverse = _Norm.apply(
            x, self.weight, self.bias, self._kernels, self._epsilon, self._activation
        )
        with torch.no_grad():
            self.running_mean.lerp_(mean, self._momentum)
            self.running_var.lerp_(inverse**-2 - self._epsilon, self._momentum)
        return y


class Depthwise(nn.Module):  # type: ignore[misc]
    """A 3x3 convolution of each channel on its own, without a bias.

    Args:
        stride: 1, or 2 as `train.architectures.fused` has it.
    """

    def __init__(self, channels: int, stride: int, kernels: Kernels | None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, 1, 3, 3))
        nn.init.kaiming_normal_(self.weight)
        self._stride, self._kernels = stride, kernels

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, c, h / stride, w / stride), rounded down."""
        if self._kernels is None or not torch.is_autocast_enabled("cpu"):
            return strided(x, self.weight, self._stride, groups=len(self.weight))
        height, width = (side // self._stride for side in x.shape[2:])
        even = _even(x) if self._stride == 2 else x
        y = _Depthwise.apply(even, self.weight, self._kernels, self._stride)
        return y[..., :height, :width]


def strided(x: Tensor, weight: Tensor, stride: int, groups: int = 1) -> Tensor:
    """A 3x3 convolution as `train.architectures.fused` has it, with stride 2 from the first pixel.

    Even sides are padded at the right and below, as Keras pads them; odd ones need no padding.
    """
    if stride == 1:
        return functional.conv2d(x, weight, padding=1, groups=groups)
    padded = functional.pad(x, (0, 1, 0, 1))
    return functional.conv2d(padded, weight, stride=stride, groups=groups)


def _even(x: Tensor) -> Tensor:
    """With zeros at the right and below of odd sides, as the kernels want them."""
    height, width = x.shape[2:]
    if height % 2 == 0 and width % 2 == 0:
        return x
    return functional.pad(x, (0, width % 2, 0, height % 2))


class _Norm(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        scale: Tensor,
        offset: Tensor,
        kernels: Kernels,
        epsilon: float,
        activation: Activation,
    ) -> tuple[Tensor, Tensor, Tensor]:
        x = as_input(x)
        y, mean, inverse = kernels.norm_forward(x, scale, offset, epsilon, activation)
        ctx.save_for_backward(x, scale, offset, mean, inverse)
        ctx.mark_non_differentiable(mean, inverse)
        ctx.kernels, ctx.activation = kernels, activation
        return y, mean, inverse

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        x, *floats = ctx.saved_tensors
        gradient = as_input(gradient)
        told = ctx.kernels.norm_backward(x, gradient, tuple(floats), ctx.activation)
        return *told, None, None, None


class _Depthwise(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(ctx: Any, x: Tensor, weights: Tensor, kernels: Kernels, stride: int) -> Tensor:
        x, weights = as_input(x), weights.contiguous()
        ctx.save_for_backward(x, weights)
        ctx.kernels, ctx.stride = kernels, stride
        return kernels.depthwise_forward(x, weights, stride)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weights = ctx.saved_tensors
        told = ctx.kernels.depthwise_backward(x, as_input(gradient), weights, ctx.stride)
        return *told, None, None


def _activated(y: Tensor, activation: Activation) -> Tensor:
    if activation is Activation.RELU6:
        return functional.hardtanh(y, 0.0, 6.0)
    return functional.relu(y) if activation is Activation.RELU else y
