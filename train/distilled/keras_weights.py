"""A MobileNet's weights, taken from Keras' network of the same layers and given back to it.

Keras writes a convolution as (h, w, in, out), a depthwise one as (h, w, channels, 1) and a dense
layer as (in, out). Both networks compute the same from the same weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from train.distilled.kernels import Tensor
from train.distilled.mobilenet import MobileNet
from train.distilled.operations import Depthwise, Norm

Weights = list[NDArray[np.float32]]
LOGITS = "logits"


def take_backbone(mobilenet: MobileNet, network: Any) -> None:
    """Give it the features of Keras' network; its heads stay as they are.

    Args:
        network: The same architecture as `train.architectures` builds it, of width 1.
    """
    with torch.no_grad():
        for name, layer in mobilenet.by_keras_name():
            weights = network.get_layer(name).get_weights()
            for tensor, values in zip(_tensors(layer), _turned(layer, weights), strict=True):
                tensor.copy_(torch.from_numpy(np.ascontiguousarray(values)))


def take_shared(student: MobileNet, other: MobileNet) -> None:
    """Give the student every layer that the other has by the same name, and the other's heads."""
    theirs = dict(other.by_keras_name())
    for name, layer in student.by_keras_name():
        if name in theirs:
            layer.load_state_dict(theirs[name].state_dict())
    student.logits.load_state_dict(other.logits.state_dict())


def give_to(network: Any, mobilenet: MobileNet, head: int) -> None:
    """Give Keras' network the features, and one of the heads (counted from 0)."""
    for name, layer in mobilenet.by_keras_name():
        values = [tensor.detach().numpy() for tensor in _tensors(layer)]
        network.get_layer(name).set_weights(_turned(layer, values, back=True))
    logits = network.get_layer(LOGITS)
    mine = slice(head * logits.units, (head + 1) * logits.units)
    weight, bias = (one.detach().numpy()[mine] for one in _tensors(mobilenet.logits))
    logits.set_weights([weight.T, bias])


def _tensors(layer: nn.Module) -> list[Tensor]:
    """The layer's weights in Keras' order."""
    if isinstance(layer, Norm):
        return [layer.weight, layer.bias, layer.running_mean, layer.running_var]
    return [layer.weight, *([] if getattr(layer, "bias", None) is None else [layer.bias])]


def _turned(layer: nn.Module, weights: Weights, back: bool = False) -> Weights:
    """Keras' axes as PyTorch has them, or `back`."""
    if isinstance(layer, Norm):
        return weights
    axes = [2, 3, 0, 1] if isinstance(layer, Depthwise) else [3, 2, 0, 1]
    return [weights[0].transpose(np.argsort(axes) if back else axes)]
