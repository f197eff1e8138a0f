"""The model to convert, in any of the forms it is kept in, and what is known of its training."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from convert.fold import folded
from convert.trained import trained
from convert.verify import ConversionError
from edge.errors import DataError
from edge.vision.card import find_card
from train.adapt.base import load_base
from train.evaluate import load_keras
from train.shipped import as_object


@dataclass(frozen=True)
class Source:
    """A float model.

    Attributes:
        model: (n, size, size, 1) values 0-255 in, logits out.
        trained: How it came about, for the card.
        audit: The data's audit, where the card it came with had one.
    """

    model: keras.Model
    trained: dict[str, Any]
    audit: dict[str, Any] | None = None


def read_source(path: Path) -> Source:
    """Read a `.keras` file; or a float32 `.tflite` file as shipped, or the card beside it.

    A file as shipped is a Keras model again (`train.unfold`), without batch norms where that can
    be, so that its weights come out of the next conversion to the last bit. What its card tells of
    training and data goes on to the next card.

    Raises:
        DataError: it is not there, damaged, no float model or no classifier of faces.
        ModelError: a shipped file has no card, or another hash than its card says.
    """
    if path.suffix == ".onnx":
        raise DataError(
            f"{path}: is an ONNX file, from which nothing is converted; give the .keras file, or "
            "the float32 .tflite file of the same model"
        )
    if path.suffix not in (".tflite", ".json"):
        return Source(load_keras(path), trained(path))
    base = load_base(path)
    card = path if path.suffix == ".json" else find_card(path).path
    told = as_object(json.loads(card.read_text(encoding="utf-8")))
    return Source(_plain(base.network), as_object(told.get("trained")), told.get("data_audit"))


def _plain(network: keras.Model) -> keras.Model:
    try:
        return folded(network)
    except ConversionError:  # of another build than edge-train's; then in the last bits it drifts
        return network
