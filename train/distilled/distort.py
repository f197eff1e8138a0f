"""The distortions of `train.augment` on PyTorch's tensors, drawn anew by epoch.

Needs Keras on the backend `torch`, whose layers take such tensors as they are.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from train.augment import Distortion, RandomWarp, ToInput, distortions
from train.distilled.kernels import Tensor


class SampledWarp(RandomWarp):
    """The same warp by PyTorch's own sampling, which is ten times faster than Keras' here."""

    def moved(self, faces: Tensor, matrix: Tensor) -> Tensor:
        """(n, s, s, 1) faces, each pixel from where its matrix says."""
        side = faces.shape[1]
        place = torch.arange(side, dtype=torch.float32)
        y, x = torch.meshgrid(place, place, indexing="ij")
        a, b, c, d, e, f = (one.reshape(-1, 1, 1) for one in matrix[:, :6].unbind(1))
        source = torch.stack([a * x + b * y + c, d * x + e * y + f], dim=-1)
        moved = functional.grid_sample(
            as_planes(faces),
            source * (2 / (side - 1)) - 1,
            mode="bilinear",
            padding_mode="border",
            align_corners=True,
        )
        return as_pictures(moved)


class Distortions:
    """All distortions in their order; nothing at strength 0."""

    def __init__(self, strength: float) -> None:
        self._layers = [_sampled(one) for one in distortions(strength)]

    def start_epoch(self, rng: np.random.Generator) -> None:
        """Let every draw of the epoch follow from `rng`."""
        for layer in self._layers:
            layer.seed_generator.state.assign(rng.integers(0, 2**31, 2))

    def __call__(self, faces: Tensor) -> Tensor:
        """(n, 1, s, s) float32 of 0-255 to the same, each face distorted on its own."""
        with torch.no_grad():
            pictures = as_pictures(faces)
            for layer in self._layers:
                pictures = layer.distort(pictures)
            return as_planes(pictures)


class Resize:
    """Whole grey levels at a network's input size, as `train.augment.ToInput` makes them."""

    def __init__(self, size: int) -> None:
        self._layer = ToInput(size)

    def __call__(self, faces: Tensor) -> Tensor:
        """(n, 1, s, s) to (n, 1, size, size) float32, whole numbers of 0-255."""
        with torch.no_grad():
            return as_planes(self._layer.call(as_pictures(faces)))


def as_planes(pictures: Tensor) -> Tensor:
    """(n, s, s, 1) as (n, 1, s, s), channels last: the same memory."""
    n, height, width, _ = pictures.shape
    planes = pictures.reshape(n, 1, height, width)
    return planes.contiguous(memory_format=torch.channels_last)


def as_pictures(planes: Tensor) -> Tensor:
    """(n, 1, s, s) as (n, s, s, 1): the same memory."""
    n, _, height, width = planes.shape
    return planes.reshape(n, height, width, 1)


def _sampled(layer: Distortion) -> Distortion:
    return SampledWarp(layer.strength) if isinstance(layer, RandomWarp) else layer
