"""What a report is about: a run's folder, a Keras model alone, or a float TFLite file."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.files import sha256
from edge.vision.card import find_card
from train.evaluate import load_keras
from train.shipped import made_with, network_of, trained

BEST, BALANCED = "best.keras", "balanced.keras"

Log = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Subject:
    """A trained network and what its folder says about it.

    Attributes:
        name: What to call it: the run's folder, or the file.
        model: The file the network was read from.
        folder: The run's folder; None for a model alone.
        recipe, about: Content of `recipe.json` and `about.json`; empty where there is none.
        log: `log.csv` by column, (epochs,) float64 each, nan where a cell is no number; `stage`, a
            name, as text.
        temperature: What a card divides the logits by; None where there is no card yet.
    """

    name: str
    model: Path
    network: keras.Model
    folder: Path | None = None
    recipe: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    log: Log = field(default_factory=dict)
    temperature: float | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What the network is, for people: file, hash, size, input, parameters."""
        return {
            "file": self.model.name,
            "sha256": sha256(self.model),
            "bytes": self.model.stat().st_size,
            "input": self.network.input_shape[1],
            "outputs": self.network.output_shape[1],
            "parameters": int(self.network.count_params()),
            "architecture": self.network.name,
        }


def find(path: Path) -> Subject:
    """Read a run's folder (`balanced.keras` before `best.keras`), a `.keras` or a `.tflite` file.

    Raises:
        DataError: there is no model, it is damaged, or a file of the run cannot be read.
        ModelError: no card names a `.tflite` file, or its hash differs.
    """
    if not path.is_dir():
        if path.suffix == ".tflite":
            return _shipped(path)
        return Subject(path.name, path, load_keras(path))
    models = [path / name for name in (BALANCED, BEST) if (path / name).is_file()]
    if not models:
        folds = (path / "ensemble.keras").is_file()
        way = "name a fold's folder" if folds else "edge-train fit writes one"
        raise DataError(f"{path}: holds neither {BEST} nor {BALANCED}; {way}")
    return Subject(
        name=path.resolve().name,
        model=models[0],
        network=load_keras(models[0]),
        folder=path,
        recipe=_json(path / "recipe.json"),
        about=_json(path / "about.json"),
        log=read_log(path / "log.csv"),
    )


def read_log(path: Path) -> Log:
    """`log.csv` by column; empty where there is none.

    Raises:
        DataError: it cannot be read, or a line has more or fewer cells than the first.
    """
    if not path.is_file():
        return {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            head, *lines = list(csv.reader(file)) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    for number, line in enumerate(lines, 2):
        if len(line) != len(head):
            raise DataError(f"{path}, line {number}: {len(line)} cells where {len(head)} belong")
    columns = zip(head, zip(*lines, strict=True), strict=True) if lines else ()
    return {
        name: np.array(cells) if name == "stage" else np.array([_number(cell) for cell in cells])
        for name, cells in columns
    }


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error})") from error
    if not isinstance(told, dict):
        raise DataError(f"{path}: holds no JSON object")
    return told


def _shipped(path: Path) -> Subject:
    """A float file as shipped, and what its card tells of its training."""
    card = find_card(path)
    network, _ = network_of(card, path)
    told = trained(card)
    about = {key: value for key, value in told.items() if key != "recipe"}
    recipe = told.get("recipe")
    return Subject(
        path.name,
        path,
        network,
        recipe=recipe if isinstance(recipe, dict) else {},
        about=about | {"versions": made_with(card)},
        temperature=card.temperature,
    )
