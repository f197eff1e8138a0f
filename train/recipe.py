"""Everything that decides what a training ends with, and the limits it must lie in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from edge.errors import UsageError
from train.data import LABELS

SCHEDULES = ("cosine", "plateau", "constant")
PRECISIONS = ("float32", "mixed_bfloat16")


@dataclass(frozen=True)
class Recipe:
    """What `runs/<name>/recipe.json` holds.

    The same recipe, data and versions give the same model, but for two things: a bound in `minutes`
    ends where the machine had got to, and an accelerator adds in another order unless the run is
    `deterministic`.
    """

    arch: str = "mobilenetv2"
    task: str = "emotions"
    input_size: int = 64
    alpha: float = 1.0  # width of MobileNetV2
    head_units: int = 0  # a hidden layer before the logits; 0 for none
    backbone_weights: str = "imagenet"
    start_from: str = ""  # a trained model to go on from, in place of the backbone's weights
    labels: str = "both"
    ferplus_share: float = 0.5  # of the target, with labels 'both'
    smoothing: float = 0.05
    class_weights: str = "none"
    epochs: int = 28
    batch: int = 64
    learning_rate: float = 8e-4
    schedule: str = "cosine"
    warmup_epochs: float = 1.0
    weight_decay: float = 0.02
    dropout: float = 0.3
    frozen_epochs: int = 0  # of `epochs`, in which only the head is trained
    unfreeze_from: str = ""  # the layer or block at which fine-tuning begins; the whole if empty
    batch_norm: str = "train"  # or 'frozen': the statistics and scales of the start are kept
    augment: float = 1.0  # how strongly faces are distorted; 0 for not at all
    mixup: float = 0.0  # alpha of the Beta distribution; 0 for none
    cutmix: float = 0.0
    ema_momentum: float = 0.998  # averages about the last epoch
    patience: int = 0  # epochs without a better one until the run ends; 0 for all epochs
    teachers: tuple[str, ...] = ()
    temperature: float = 2.0  # at which student and teachers are compared
    distill_alpha: float = 0.5  # weight of the teachers beside the labels
    precision: str = "float32"
    deterministic: bool = False
    minutes: float = 0.0  # of CPU time, after which the run ends; 0 for no bound
    seed: int = 0

    @property
    def share(self) -> float:
        """Weight of the FER+ votes in the target."""
        return {"fer2013": 0.0, "ferplus": 1.0, "both": self.ferplus_share}[self.labels]

    def as_json(self) -> dict[str, Any]:
        """What the file holds: plain values, tuples as lists."""
        return {**asdict(self), "teachers": list(self.teachers)}


NUMBERS: dict[str, tuple[float, float]] = {
    "input_size": (32, 224),
    "alpha": (0.1, 2.0),
    "head_units": (0, 4096),
    "ferplus_share": (0.0, 1.0),
    "smoothing": (0.0, 0.9),
    "epochs": (1, 10_000),
    "batch": (2, 4096),
    "learning_rate": (1e-7, 1.0),
    "warmup_epochs": (0.0, 1000.0),
    "weight_decay": (0.0, 1.0),
    "dropout": (0.0, 0.95),
    "frozen_epochs": (0, 10_000),
    "augment": (0.0, 3.0),
    "mixup": (0.0, 10.0),
    "cutmix": (0.0, 10.0),
    "ema_momentum": (0.0, 0.99999),
    "patience": (0, 10_000),
    "temperature": (0.1, 100.0),
    "distill_alpha": (0.0, 1.0),
    "minutes": (0.0, 1e6),
    "seed": (0, 2**32 - 1),
}
CHOICES: dict[str, tuple[str, ...]] = {
    "labels": LABELS,
    "class_weights": ("none", "balanced"),
    "schedule": SCHEDULES,
    "batch_norm": ("train", "frozen"),
    "precision": PRECISIONS,
}


def recipe_from(values: Mapping[str, Any]) -> Recipe:
    """A recipe of the given values, with its own for those that are missing or None.

    Raises:
        UsageError: a value lies outside its limits; names its flag.
    """
    known = {field.name for field in fields(Recipe)}
    given = {name: value for name, value in values.items() if name in known and value is not None}
    if "teachers" in given:
        given["teachers"] = tuple(map(str, given["teachers"]))
    recipe = Recipe(**given)
    for name, (low, high) in NUMBERS.items():
        if not low <= getattr(recipe, name) <= high:
            raise UsageError(f"{_flag(name)} {getattr(recipe, name)}: must lie in {low} to {high}")
    for name, choices in CHOICES.items():
        if getattr(recipe, name) not in choices:
            raise UsageError(
                f"{_flag(name)} {getattr(recipe, name)}: must be one of {', '.join(choices)}"
            )
    if recipe.frozen_epochs > recipe.epochs:
        raise UsageError(
            f"--frozen-epochs {recipe.frozen_epochs}: are part of --epochs {recipe.epochs}"
        )
    return recipe


def of_model(told: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A run's recipe as one of its models has it: with the labels that this one learnt.

    Args:
        told: The content of `recipe.json`; where a run makes several models, its `labels_of` says
            what each of them learnt.
        name: Of the model's file.
    """
    recipe = dict(told)
    labels = dict(recipe.pop("labels_of", {}))
    return recipe | ({"labels": labels[name]} if name in labels else {})


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
