"""The weights averaged over the last steps (Polyak and Juditsky 1992), which are what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from train.distilled.kernels import Tensor

EVERY = 4  # steps; averaging after each takes a twentieth of the time and gives the same


class Average:
    """An exponential moving average of a network's weights and statistics.

    Args:
        momentum: Of one step; in the beginning less, so that the start is soon forgotten.
    """

    def __init__(self, network: nn.Module, momentum: float) -> None:
        self._network, self._momentum = network, momentum
        self.weights = copied(network)

    def follow(self, step: int) -> None:
        """Take in the weights as they are after so many steps."""
        if step % EVERY:
            return
        momentum = min(self._momentum, (1 + step) / (10 + step)) ** EVERY
        with torch.no_grad():
            for name, value in self._network.state_dict().items():
                self.weights[name].lerp_(value, 1 - momentum)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The network has the averaged weights inside the block, and its own after it."""
        own = copied(self._network)
        self._network.load_state_dict(self.weights)
        try:
            yield
        finally:
            self._network.load_state_dict(own)


def copied(network: nn.Module) -> dict[str, Tensor]:
    """A copy of the network's weights and statistics by name."""
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
