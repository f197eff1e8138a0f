"""How fast the weights may move, step by step."""

from __future__ import annotations

import math


def learning_rate(
    step: int, steps: int, warmup: int, highest: float, lowest_share: float = 0.0
) -> float:
    """The rate of a step (counted from 0): up a line, then down a cosine (Loshchilov and Hutter).

    Args:
        steps: Of the whole training.
        warmup: Steps of them in which the rate climbs.
        lowest_share: Of the highest rate, what the last step comes close to.
    """
    if step < warmup:
        return highest * (step + 1) / warmup
    done = (step - warmup) / max(steps - warmup, 1)
    return highest * (lowest_share + (1 - lowest_share) * (1 + math.cos(math.pi * done)) / 2)
