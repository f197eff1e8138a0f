"""What a search varies, and between which values. No Keras, no KerasTuner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.errors import UsageError
from train.architectures import Architecture, find
from train.recipe import Recipe

PARAMETERS = ("head_units", "dropout", "learning_rate", "alpha", "input_size")
Values = Mapping[str, int | float]  # of a recipe's fields, by their names

HEAD_UNITS = (0, 64, 128, 256)
DROPOUT = (0.0, 0.6, 0.05)  # lowest, highest, step
LEARNING_RATE = (1e-4, 4e-3)
ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)  # those that Keras has ImageNet weights for
INPUT_SIZES = (48, 64, 80, 96)


@dataclass(frozen=True)
class Choice:
    """One of several values, in their order."""

    name: str
    values: tuple[int | float, ...]


@dataclass(frozen=True)
class Range:
    """Anything between two values: in steps, or along a logarithm where `step` is 0."""

    name: str
    low: float
    high: float
    step: float = 0.0


Parameter = Choice | Range


def space_of(base: Recipe, names: Sequence[str]) -> tuple[Parameter, ...]:
    """The parameters of these names, around a recipe whose own values are always among theirs.

    Raises:
        UsageError: a name is unknown or given twice, or the recipe leaves nothing to vary there.
    """
    unknown = [name for name in names if name not in PARAMETERS]
    if unknown or not names or len(set(names)) < len(names):
        raise UsageError(
            f"--space {','.join(names)}: must be some of {','.join(PARAMETERS)}, each once"
        )
    architecture = find(base.arch)
    for name in names:
        if problem := _problem(base, architecture, name):
            raise UsageError(f"--space {name}: {problem}; leave {name} out")
    made: dict[str, Parameter] = {
        "head_units": _choice("head_units", HEAD_UNITS, base.head_units),
        "dropout": Range(
            "dropout",
            min(DROPOUT[0], base.dropout),
            max(DROPOUT[1], base.dropout),
            DROPOUT[2],
        ),
        "learning_rate": Range(
            "learning_rate",
            min(LEARNING_RATE[0], base.learning_rate),
            max(LEARNING_RATE[1], base.learning_rate),
        ),
        "alpha": _choice("alpha", _within(ALPHAS, *architecture.alphas), base.alpha),
        "input_size": _choice(
            "input_size",
            _within(INPUT_SIZES, architecture.smallest, architecture.largest),
            base.input_size,
        ),
    }
    return tuple(made[name] for name in names)


def possible(base: Recipe) -> list[str]:
    """The parameters that can be varied around this recipe, for a search that was told of none."""
    architecture = find(base.arch)
    return [name for name in PARAMETERS if not _problem(base, architecture, name)]


def _problem(base: Recipe, architecture: Architecture, name: str) -> str:
    """Why this cannot be varied; empty if it can."""
    if name == "alpha" and not architecture.has_alpha:
        return f"{base.arch} has one width"
    if name == "alpha" and base.backbone_weights not in ("imagenet", "none"):
        return f"--backbone-weights {base.backbone_weights} fit one width"
    if name in ("alpha", "head_units") and base.start_from:
        return f"--start-from {base.start_from} fits one network"
    return ""


def _choice(name: str, values: Sequence[int | float], own: int | float) -> Choice:
    return Choice(name, tuple(sorted({*values, own})))


def _within(values: Sequence[int | float], low: float, high: float) -> list[int | float]:
    return [value for value in values if low <= value <= high]


def rounded(name: str, value: float) -> int | float:
    """A value as a person would type it: a learning rate to three digits, a share to two."""
    if name == "learning_rate":
        return float(f"{value:.3g}")
    return round(value, 2) if isinstance(value, float) else value


def as_json(space: Sequence[Parameter]) -> dict[str, Any]:
    """For the plan of a search: by name the values, or the ends and the step."""
    return {
        one.name: list(one.values) if isinstance(one, Choice) else [one.low, one.high, one.step]
        for one in space
    }
