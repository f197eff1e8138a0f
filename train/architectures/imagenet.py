"""From weights that were made for three colour planes to the same network on one grey plane.

A grey picture has three equal planes, so a first kernel summed over them computes the same from
one plane, at a third of the multiplications. What the original preprocessing did to each plane
differs from the one that every network here has (value / 127.5 - 1); the difference is linear and
goes into the first layer's kernel and bias. That is exact but for the picture's border: a bias
cannot know how much of the kernel hangs over it. The padding there, which stood for each plane's
mean colour, stands for the grey 127.5 after it, on the outermost pixel of a VGG's first layer and
the outermost two of ResNet-50's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from edge.errors import DataError
from train.architectures.network import HALF


@dataclass(frozen=True)
class Preprocessing:
    """What a colour network expects of each plane: (value - mean) / divisor."""

    means: tuple[float, float, float]
    divisor: float


SCALED = Preprocessing((HALF, HALF, HALF), HALF)  # Keras calls it "tf"
# The means of ImageNet's planes, in the order blue, green, red; Keras calls it "caffe".
MEAN_COLOUR = Preprocessing((103.939, 116.779, 123.68), 1.0)


def start_from(
    source: str,
    grey: keras.Model,
    colour: Callable[[str | None], keras.Model],
    first: str | None,
    preprocessing: Preprocessing,
    title: str,
) -> None:
    """Give the grey network the weights of `source`; nothing for `none`.

    With no `first`, the network may begin in its own way: layers that only one has are passed over.

    Args:
        source: `imagenet`, the path of a weight file, or `none`.
        grey: The network on one plane.
        colour: Builds the same on three planes, with weights from there.
        first: Name of the first layer that has weights; None where that is not taken over.
        preprocessing: What the colour network expects.
        title: What a fitting file is called in messages.

    Raises:
        DataError: the weights cannot be had; the message names `--backbone-weights`.
    """
    if source != "none":
        _take_over(grey, _with_weights(source, colour, title), first, preprocessing)


def _with_weights(
    source: str, colour: Callable[[str | None], keras.Model], title: str
) -> keras.Model:
    try:
        return colour(source if source == "imagenet" else str(Path(source)))
    except Exception as error:  # Keras raises what its HTTP client or HDF5 raised
        what = "downloaded" if source == "imagenet" else f"read from {source}"
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(
            f"the ImageNet weights cannot be {what} ({reason}); give --backbone-weights "
            f"the path of a 'no top' weight file of {title}, or 'none'"
        ) from error


def _take_over(
    grey: keras.Model, colour: keras.Model, first: str | None, preprocessing: Preprocessing
) -> None:
    present = {layer.name: layer for layer in grey.layers}
    for layer in colour.layers:
        weights = layer.get_weights()
        if not weights or (first is None and layer.name not in present):
            continue
        if layer.name == first:
            kernel, divisor = weights[0], preprocessing.divisor
            weights[0] = kernel.sum(axis=2, keepdims=True) * (HALF / divisor)
            if layer.use_bias:
                shift = (HALF - np.array(preprocessing.means, np.float32)) / divisor
                weights[1] = weights[1] + np.einsum("hwco,c->o", kernel, shift)
        present[layer.name].set_weights(weights)
