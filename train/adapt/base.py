"""The model to start from, in any of the forms it is kept in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import keras

from edge.errors import DataError, ModelError, UsageError
from edge.files import sha256
from edge.vision.card import DEFAULT_CARD, ModelCard, find_card, read_card
from train.evaluate import load_keras
from train.recipe import Recipe, of_model, recipe_from
from train.shipped import as_object, network_of

LOGITS = "logits"  # the layer that every network ends in
RECIPES = ("recipe.json", "adapt.json")  # what lies beside a .keras file and says how it was made


@dataclass(frozen=True)
class Base:
    """A trained model.

    Attributes:
        network: (n, size, size, 1) values 0-255 in, logits out.
        path: The file its weights came from.
        recipe: How it was trained, as far as is known.
        folded: Whether its batch norms are the identity, since it comes from a TFLite file.
    """

    network: keras.Model
    path: Path
    recipe: Recipe
    folded: bool

    def about(self) -> dict[str, str]:
        """Name and hash of the file, without the machine's paths."""
        return {"file": self.path.name, "sha256": sha256(self.path)}


def load_base(path: Path) -> Base:
    """Load a `.keras` file, a run folder, a model card, its folder or its float `.tflite` file.

    Raises:
        DataError: it is not there, damaged, no float model or no classifier of faces.
        ModelError: a TFLite file's hash differs from its card.
        UsageError: a folder holds several cards.
    """
    if path.is_dir():
        inner = path / "best.keras"
        return load_base(inner if inner.is_file() else _only_card(path))
    if path.suffix == ".json":
        card = read_card(path)
        return _from_card(card, card.pick("tflite", "float32"))
    if path.suffix == ".tflite":
        return _from_card(find_card(path), path)
    network = load_keras(path)
    if network.layers[-1].name != LOGITS:
        raise DataError(f"{path}: does not end in a layer {LOGITS!r}; edge-train fit makes it so")
    return Base(network, path, _recipe_beside(path), folded=False)


def _only_card(folder: Path) -> Path:
    cards = [path for path in sorted(folder.glob("*.json")) if _is_card(path)]
    if not cards:
        raise DataError(
            f"{folder}: holds neither best.keras nor a model card; --base takes a .keras file, a "
            "run folder, or a folder with a card and its float .tflite file"
        )
    if DEFAULT_CARD.name in (path.name for path in cards):
        return folder / DEFAULT_CARD.name  # of several, the one that a device takes
    if len(cards) > 1:
        raise UsageError(
            f"--base {folder}: holds several cards; name one of "
            f"{', '.join(path.name for path in cards)}"
        )
    return cards[0]


def _is_card(path: Path) -> bool:
    try:
        read_card(path)
    except ModelError:
        return False
    return True


def _from_card(card: ModelCard, path: Path) -> Base:
    network, recipe = network_of(card, path)
    return Base(network, path, recipe, folded=True)


def _recipe_beside(path: Path) -> Recipe:
    for name in RECIPES:
        beside = path.with_name(name)
        if not beside.is_file():
            continue
        try:
            told = as_object(json.loads(beside.read_text(encoding="utf-8")))
            if name == "adapt.json":
                return recipe_from(as_object(told["base_recipe"]))
            return recipe_from(of_model(told, path.name))
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise DataError(f"{beside}: cannot be read ({error}); mend or move it") from error
    return Recipe()
