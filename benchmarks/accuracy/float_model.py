"""The float network that the files are held against, where TensorFlow is installed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.vision.card import ModelCard
from train.data import FaceSet
from train.metrics import softmax


def is_possible() -> bool:
    """Whether a Keras model can be read here."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import_module("tensorflow")
        import_module("keras")
    except ImportError:
        return False
    return True


def read_keras(
    path: Path, card: ModelCard, splits: Mapping[str, FaceSet]
) -> dict[str, NDArray[np.float32]]:
    """By split, (n, k) probabilities of a Keras model at the card's temperature.

    Raises:
        DataError: the file is missing, damaged, or tells other labels than the card's files.
    """
    from train.evaluate import load_keras, predict

    model = load_keras(path)
    if model.output_shape[1] != len(card.labels):
        raise DataError(
            f"--float {path}: tells {model.output_shape[1]} labels, {card.path.name} has "
            f"{len(card.labels)}; give the model that the card was made from"
        )
    return {
        name: np.asarray(softmax(predict(model, faces.images), card.temperature), np.float32)
        for name, faces in splits.items()
    }
