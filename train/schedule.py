"""How fast the weights may move, from the first step to the last."""

from __future__ import annotations

import math

import keras

from train.recipe import Recipe

LOWEST = 0.01  # of the highest rate, at the end of a cycle
FIRST = 0.05  # of the highest rate, at the beginning of the warm-up
CUT = 0.3
WAIT = 3  # epochs without a better one
WARM_SHARE = 0.1  # of a budget in minutes


def learning_rate(
    recipe: Recipe, epochs: int, steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """What an optimizer takes for a stage of `epochs` with `steps` each.

    `cosine` climbs during the warm-up and falls along a cosine (Loshchilov and Hutter 2017). With
    `plateau`, `constant` or a budget in minutes it is a number, which the training may set anew.
    """
    if recipe.schedule != "cosine" or recipe.minutes:
        return recipe.learning_rate
    warmup = max(1, min(round(recipe.warmup_epochs * steps), epochs * steps - 1))
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=recipe.learning_rate * FIRST,
        decay_steps=max(1, epochs * steps - warmup),
        alpha=LOWEST,
        warmup_target=recipe.learning_rate,
        warmup_steps=warmup,
    )


def rate_after_cuts(highest: float, cuts: int) -> float:
    """The learning rate of a plateau schedule after `cuts`."""
    return highest * CUT**cuts


def ends_after(waited: int) -> bool:
    """Whether so many epochs without a better one are a plateau."""
    return waited >= WAIT


def rate_of_budget(highest: float, share: float) -> float:
    """The learning rate when `share` of the budget, 0 to 1, is spent: up, then along a cosine.

    Epochs cannot be counted beforehand where time is what is given.
    """
    if share < WARM_SHARE:
        return highest * (FIRST + (1 - FIRST) * share / WARM_SHARE)
    done = min(1.0, (share - WARM_SHARE) / (1 - WARM_SHARE))
    return highest * (LOWEST + (1 - LOWEST) * (1 + math.cos(math.pi * done)) / 2)
