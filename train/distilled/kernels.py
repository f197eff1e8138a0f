"""The compiled kernels as functions of tensors, which are looked at before their memory is."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any

import torch

from edge.errors import OutputError
from train.distilled.compiled import NoKernelsError, compiled

Tensor = Any  # torch.Tensor, of which nothing is known where PyTorch is not installed

_POINTER, _INT, _LONG, _FLOAT = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64, ctypes.c_float
_ARGUMENTS = {
    "use_threads": [_INT],
    "norm_forward": [*[_POINTER, _LONG, _INT, _POINTER, _POINTER, _FLOAT, _INT], *[_POINTER] * 3],
    "norm_backward": [*[_POINTER] * 2, _LONG, _INT, *[_POINTER] * 4, _INT, *[_POINTER] * 3],
    "depthwise_forward": [*[_POINTER] * 3, *[_INT] * 5],
    "depthwise_backward": [*[_POINTER] * 5, *[_INT] * 5],
}


class Activation(IntEnum):
    """What follows a batch norm, by the kernels' numbers."""

    NONE = 0
    RELU6 = 1
    RELU = 2


class Kernels:
    """Batch norms and depthwise convolutions of (n, c, h, w) bfloat16 maps in channels-last order.

    Raises:
        NoKernelsError: the file is no such library.
    """

    def __init__(self, library: Path) -> None:
        try:
            self._library = ctypes.CDLL(str(library))
            for name, types in _ARGUMENTS.items():
                function = getattr(self._library, name)
                function.argtypes, function.restype = types, None
        except (OSError, AttributeError) as error:
            raise NoKernelsError(f"{library} cannot be loaded ({error})") from error
        self._library.use_threads(torch.get_num_threads())

    def norm_forward(
        self, x: Tensor, scale: Tensor, offset: Tensor, epsilon: float, activation: Activation
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The activated batch norm of x, its (c,) float32 mean and 1 / deviation."""
        channels = _channels(x)
        _check_floats(scale, offset, shape=(channels,))
        y = torch.empty_like(x)
        mean, inverse = torch.empty(channels), torch.empty(channels)
        self._library.norm_forward(
            *(x.data_ptr(), x.numel() // channels, channels),
            *(scale.data_ptr(), offset.data_ptr(), epsilon, int(activation)),
            *(y.data_ptr(), mean.data_ptr(), inverse.data_ptr()),
        )
        return y, mean, inverse

    def norm_backward(
        self, x: Tensor, gradient: Tensor, floats: tuple[Tensor, ...], activation: Activation
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The gradients of x, scale and offset.

        Args:
            gradient: Of what `norm_forward` returned.
            floats: Scale, offset, mean and 1 / deviation.
        """
        channels = _channels(x)
        _check_same(x, gradient)
        _check_floats(*floats, shape=(channels,))
        dx = torch.empty_like(x)
        dscale, doffset = torch.empty(channels), torch.empty(channels)
        self._library.norm_backward(
            *(x.data_ptr(), gradient.data_ptr(), x.numel() // channels, channels),
            *(one.data_ptr() for one in floats),
            *(int(activation), dx.data_ptr(), dscale.data_ptr(), doffset.data_ptr()),
        )
        return dx, dscale, doffset

    def depthwise_forward(self, x: Tensor, weights: Tensor, stride: int) -> Tensor:
        """(n, c, h / stride, w / stride): x under (c, 1, 3, 3) float32 kernels.

        Padded by one all around with stride 1; with stride 2, which takes even sides, at the right
        and below.
        """
        n, channels, height, width = _check_strided(x, weights, stride)
        y = torch.empty(
            (n, channels, height // stride, width // stride),
            dtype=torch.bfloat16,
            memory_format=torch.channels_last,
        )
        self._library.depthwise_forward(
            *(x.data_ptr(), weights.data_ptr(), y.data_ptr()), n, height, width, channels, stride
        )
        return y

    def depthwise_backward(
        self, x: Tensor, gradient: Tensor, weights: Tensor, stride: int
    ) -> tuple[Tensor, Tensor]:
        """The gradients of x and of the kernels."""
        n, channels, height, width = _check_strided(x, weights, stride)
        _channels(gradient)
        if tuple(gradient.shape) != (n, channels, height // stride, width // stride):
            raise ValueError(f"a gradient of {tuple(gradient.shape)} is none of {tuple(x.shape)}")
        dx, dweights = torch.empty_like(x), torch.empty_like(weights)
        self._library.depthwise_backward(
            *(x.data_ptr(), gradient.data_ptr(), weights.data_ptr()),
            *(dx.data_ptr(), dweights.data_ptr(), n, height, width, channels, stride),
        )
        return dx, dweights


def load_kernels(say: Callable[[str], None]) -> Kernels | None:
    """The kernels; None, and a line that says why, where there can be none."""
    try:
        return Kernels(compiled())
    except (NoKernelsError, OutputError) as error:
        say(f"no kernels of its own: {error}; PyTorch computes everything, in float32 and slower")
        return None


def as_input(x: Tensor) -> Tensor:
    """A map as the kernels take it: bfloat16, channels last; itself where it is so already."""
    return x.to(torch.bfloat16).contiguous(memory_format=torch.channels_last)


def _channels(x: Tensor) -> int:
    """The number of channels of a map that the kernels can read.

    Raises:
        ValueError: it is not one.
    """
    if x.device.type != "cpu" or x.dtype != torch.bfloat16 or x.dim() != 4:
        raise ValueError(f"{x.dtype} of {tuple(x.shape)} on {x.device}: not a bfloat16 map here")
    if not x.is_contiguous(memory_format=torch.channels_last):
        raise ValueError(f"a map of {tuple(x.shape)} has strides {x.stride()}, not channels last")
    channels = int(x.shape[1])
    if channels % 2 or x.numel() == 0:
        raise ValueError(f"a map of {tuple(x.shape)}: must have some of an even number of channels")
    return channels


def _check_same(x: Tensor, gradient: Tensor) -> None:
    _channels(gradient)
    if gradient.shape != x.shape:
        raise ValueError(f"a gradient of {tuple(gradient.shape)} is none of {tuple(x.shape)}")


def _check_floats(*tensors: Tensor, shape: tuple[int, ...]) -> None:
    for one in tensors:
        if one.dtype != torch.float32 or tuple(one.shape) != shape or not one.is_contiguous():
            raise ValueError(f"{one.dtype} of {tuple(one.shape)}: not float32 of {shape} in order")


def _check_strided(x: Tensor, weights: Tensor, stride: int) -> tuple[int, int, int, int]:
    channels = _channels(x)
    _check_floats(weights, shape=(channels, 1, 3, 3))
    n, _, height, width = map(int, x.shape)
    if stride not in (1, 2) or (stride == 2 and (height % 2 or width % 2)):
        raise ValueError(f"stride {stride} of {height}x{width}: must be 1, or 2 of even sides")
    return n, channels, height, width
