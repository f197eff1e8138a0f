"""What the card says of whom the file fails on that a device takes."""

from __future__ import annotations

from typing import Any

from edge.alerts.rule import RuleConfig
from edge.vision.expression import ExpressionModel
from train.data import FaceSet
from train.metrics import Probabilities
from train.subgroups import by_size, subgroups


def card_subgroups(
    model: ExpressionModel, read: Probabilities, faces: FaceSet, split: str
) -> dict[str, Any]:
    """The figures of one file on one split, without those that its labels or the data cannot tell.

    Args:
        read: (n, k) probabilities that `model` tells of the faces.
        split: Its name, for the card.

    Returns:
        `split`, `file` and what `train.subgroups.subgroups` returns, with `face_size` by pixels.
        The threshold is that of the default rule.
    """
    found = subgroups(read, faces, RuleConfig().on)
    sizes = by_size(lambda some: model.predict(list(some)), read, faces)
    told = _without_empty({"split": split, "file": model.path.name, **found, "face_size": sizes})
    if "as_angry" not in told:  # nothing else is held against it
        del told["threshold"]
    return told


def _without_empty(told: dict[str, Any]) -> dict[str, Any]:
    """Leave out tables with nothing in them, however deep they lie."""
    inner = {
        key: _without_empty(value) if isinstance(value, dict) else value
        for key, value in told.items()
    }
    return {key: value for key, value in inner.items() if value != {}}
