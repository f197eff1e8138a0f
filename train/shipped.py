"""A shipped float TFLite file as a Keras network, by what its card tells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from edge.errors import DataError
from edge.vision.card import ModelCard
from train.architectures import build
from train.recipe import Recipe, recipe_from
from train.unfold import unfold


def network_of(card: ModelCard, path: Path) -> tuple[keras.Model, Recipe]:
    """Rebuild the network of a card's float32 file; its batch norms are the identity.

    Raises:
        DataError: the file is not the float one, or not what its card tells.
        ModelError: its hash differs from its card.
    """
    if card.files[path.name]["precision"] != "float32":
        raise DataError(
            f"{path}: is not the float32 file, and no other can be trained on; give the card "
            f"{card.path.name}"
        )
    card.verified(path)
    told = as_object(trained(card).get("recipe"))
    recipe = recipe_from(told | {"input_size": card.input_size})
    network = build(
        recipe.arch,
        len(card.labels),
        card.input_size,
        recipe.alpha,
        dropout=recipe.dropout,
        head_units=recipe.head_units,
    )
    unfold(path, network)
    return network, recipe


def trained(card: ModelCard) -> dict[str, Any]:
    """How the card tells that its files were trained; empty where it tells nothing."""
    return as_object(json.loads(card.path.read_text(encoding="utf-8")).get("trained"))


def made_with(card: ModelCard) -> dict[str, Any]:
    """The versions that the card names."""
    return as_object(json.loads(card.path.read_text(encoding="utf-8")).get("made_with"))


def as_object(told: Any) -> dict[str, Any]:
    """What a JSON value holds if it is an object; nothing otherwise."""
    return dict(told) if isinstance(told, Mapping) else {}
