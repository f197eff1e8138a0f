"""How a model came about, for its card, from the files that training left beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edge.errors import DataError
from edge.vision.card import find_card
from train.recipe import of_model


def trained(model: Path) -> dict[str, Any]:
    """What is known of a `.keras` file's training, without the paths of the machine.

    Returns:
        `command` and `recipe`; `before`, the same of the model that it went on from; `balanced`
        and `adapted`, what those commands did.

    Raises:
        DataError: a file beside it cannot be read.
    """
    recipe, adapted = model.with_name("recipe.json"), model.with_name("adapt.json")
    if adapted.is_file():
        told = _read(adapted)
        base_recipe = dict(told.pop("base_recipe", {}))
        known = {"command": told.pop("command", "edge-train adapt"), **_fitted(base_recipe, model)}
        known["adapted"] = told
    elif recipe.is_file():
        told = of_model(_read(recipe), model.name)
        known = {"command": told.pop("command", "edge-train fit"), **_fitted(told, model)}
    else:
        return {"recipe": "unknown: no recipe.json beside the model"}
    balance = model.with_suffix(".balance.json")
    if balance.is_file():  # as edge-train balance leaves it
        known["balanced"] = _read(balance)
    return known


def _fitted(recipe: dict[str, Any], model: Path) -> dict[str, Any]:
    """The recipe with names in place of paths, and what it went on from."""
    weights, before = str(recipe.get("backbone_weights", "")), str(recipe.get("start_from", ""))
    if weights not in ("imagenet", "none"):
        recipe["backbone_weights"] = Path(weights).name
    recipe["teachers"] = [Path(teacher).name for teacher in recipe.get("teachers", [])]
    if not before or Path(before) == model:
        return {"recipe": recipe}
    recipe["start_from"] = Path(before).name
    return {"recipe": recipe, "before": _before(Path(before))}


def _before(model: Path) -> dict[str, Any]:
    """What is known of a model that another went on from; of a shipped file, by its card."""
    if model.suffix != ".tflite":
        return trained(model)
    if not model.is_file():
        return {"recipe": f"unknown: {model.name} is gone"}
    return dict(_read(find_card(model).path).get("trained", {"recipe": "unknown"}))


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); mend it or move it away") from error
