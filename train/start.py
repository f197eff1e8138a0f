"""Going on from a trained model: a `.keras` file, or the float TFLite file that is shipped."""

from __future__ import annotations

from pathlib import Path

import keras

from edge.errors import DataError, ModelError
from edge.vision.card import find_card
from train.batches import prepared
from train.data import FaceSet
from train.evaluate import load_keras
from train.shipped import as_object, trained
from train.unfold import recalibrate, unfold

CALIBRATION_FACES = 1500
ADVICE = "see --arch, --alpha, --task and --head-units"


def take_over(network: keras.Model, source: str, training: FaceSet) -> None:
    """Give `network` a trained model's weights; its input may have had another size.

    A network that saw small inputs gains from a few epochs on larger ones, for a part of what
    training on them throughout would cost (Touvron et al. 2019).

    Args:
        source: A `.keras` or `.tflite` file; nothing is done if it is empty.
        training: Gives a TFLite file's batch norms their statistics back.

    Raises:
        DataError: the file cannot be read, or holds no model of this shape.
    """
    if not source:
        return
    path = Path(source)
    if path.suffix == ".tflite":
        try:
            unfold(path, network)
        except DataError as error:
            raise DataError(f"--start-from {error}; {ADVICE}{_by_card(path)}") from error
        recalibrate(network, prepared(training.images[:CALIBRATION_FACES], network.input_shape[1]))
        return
    model = load_keras(path)
    try:
        network.set_weights(model.get_weights())
    except ValueError as error:
        raise DataError(f"--start-from {path}: is a network of another shape; {ADVICE}") from error


def _by_card(path: Path) -> str:
    """What the card of a shipped file adds to the advice."""
    try:
        arch = as_object(trained(find_card(path)).get("recipe")).get("arch")
    except ModelError:
        return ""
    return f"; its card says --arch {arch}" if arch else ""
