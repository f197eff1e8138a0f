"""What must hold before a card is written; a file that fails is not shipped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.vision.expression import ExpressionModel
from train.data import FaceSet
from train.metrics import score_both, softmax

PARITY = 1e-3  # on logits of float files; 1e-4 in the mean
MAX_DROP = 0.005  # of accuracy, int8 under float


class ConversionError(ModelError):
    """A converted file does not do what the float model does."""


def check_parity(reference: NDArray[np.float32], logits: NDArray[np.float32], name: str) -> float:
    """Compare (n, k) logits of a float file with the Keras model's; return the largest difference.

    Raises:
        ConversionError: they differ by more than float arithmetic explains.
    """
    difference = np.abs(reference - logits)
    # asked this way round, nan fails
    if not (difference.max() <= PARITY and difference.mean() <= PARITY / 10):
        raise ConversionError(
            f"{name}: logits differ from the Keras model's by up to {difference.max():.2g} "
            f"(allowed {PARITY:g}); nothing was written"
        )
    return float(difference.max())


def check_drop(
    reference: NDArray[np.float32],
    quantised: NDArray[np.float32],
    faces: FaceSet,
    name: str,
    max_drop: float = MAX_DROP,
) -> None:
    """Compare accuracies of (n, k) logits under both label sets.

    Raises:
        ConversionError: more than `max_drop`, 0 to 1, is lost under one of them.
    """
    before, after = score_both(softmax(reference), faces), score_both(softmax(quantised), faces)
    for labels, scores in before.items():
        drop = scores["accuracy"] - after[labels]["accuracy"]
        if not drop <= max_drop:
            raise ConversionError(
                f"{name}: {100 * drop:.2f} points of accuracy lost on PublicTest, {labels} labels "
                f"(allowed {100 * max_drop:.2f}); train longer, or raise --max-drop"
            )


def check_all_int8(path: Path) -> None:
    """Look at every tensor of an int8 TFLite file.

    Raises:
        ConversionError: one is still float; names it.
    """
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    tensors = interpreter.get_tensor_details()
    left = [tensor["name"] for tensor in tensors if tensor["dtype"] == np.float32]
    if left:
        raise ConversionError(
            f"{path.name}: still float: {', '.join(left[:5])}; nothing was written"
        )


def check_steady(model: ExpressionModel, faces: FaceSet, seed: int = 0) -> None:
    """Feed noise, black, white and odd sizes.

    Raises:
        ConversionError: an output is not a row of probabilities.
    """
    rng = np.random.default_rng(seed)
    odd: Sequence[NDArray[np.uint8]] = [
        rng.integers(0, 256, shape, dtype=np.uint8)
        for shape in ((1, 1), (2, 300), (48, 48), (500, 7), (640, 640))
    ]
    plain = [np.full((48, 48), level, np.uint8) for level in (0, 128, 255)]
    told = model.predict([*odd, *plain, *faces.images[:8]])
    if not np.isfinite(told).all() or np.abs(told.sum(axis=1) - 1).max() > 1e-4:
        raise ConversionError(f"{model.path.name}: returns no probabilities for some input")
