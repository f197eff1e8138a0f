"""The float model: MobileNetV2 on one grey plane.

Sandler et al. 2018, in Keras' implementation, whose layer names are kept. Preprocessing is inside
the graph: the input is 0-255, the output is logits. Softmax and temperature are the device's job
(`edge.vision.expression`), because a quantised softmax would round small probabilities to zero.
"""

from __future__ import annotations

from pathlib import Path

import keras

from edge.errors import DataError
from edge.labels import EMOTIONS

BATCH_NORM_MOMENTUM = 0.99  # Keras' 0.999 needs more steps to settle than an epoch here has


def mobilenetv2(
    input_size: int = 64,
    alpha: float = 1.0,
    backbone_weights: str = "none",
    dropout: float = 0.3,
) -> keras.Model:
    """Build the classifier: (n, size, size, 1) values 0-255 to (n, 7) logits.

    Args:
        input_size: Side of the input in pixels, at least 32.
        alpha: Width of the network.
        backbone_weights: `imagenet` (Keras downloads them), the path of a weight file in Keras'
            `MobileNetV2(include_top=False)` layout, or `none`.
        dropout: Share of features dropped before the last layer while training.

    Raises:
        DataError: the weights cannot be had; the message names `--backbone-weights`.
    """
    inputs = keras.Input((input_size, input_size, 1), name="face")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1, name="scale")(inputs)
    backbone = keras.applications.MobileNetV2(
        input_tensor=scaled,
        input_shape=(input_size, input_size, 1),
        alpha=alpha,
        include_top=False,
        weights=None,
    )
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = BATCH_NORM_MOMENTUM
    if backbone_weights != "none":
        _take_over(backbone, _colour_backbone(backbone_weights, alpha))
    features = keras.layers.GlobalAveragePooling2D(name="pool")(backbone.output)
    features = keras.layers.Dropout(dropout, name="dropout")(features)
    logits = keras.layers.Dense(len(EMOTIONS), dtype="float32", name="logits")(features)
    return keras.Model(inputs, logits, name="mobilenetv2")


def _colour_backbone(source: str, alpha: float) -> keras.Model:
    """Build the three-plane network that the ImageNet weights were made for."""
    weights = source if source == "imagenet" else str(Path(source))
    try:
        return keras.applications.MobileNetV2(
            input_shape=(96, 96, 3), alpha=alpha, include_top=False, weights=weights
        )
    except Exception as error:  # Keras raises what its HTTP client or HDF5 raised
        what = "downloaded" if source == "imagenet" else f"read from {source}"
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(
            f"the ImageNet weights cannot be {what} ({reason}); give --backbone-weights "
            "the path of a MobileNetV2 'no top' weight file for this --alpha, or 'none'"
        ) from error


def _take_over(grey: keras.Model, colour: keras.Model) -> None:
    """Copy the weights layer by layer.

    A grey picture has three equal planes, so the stem's kernel summed over them computes exactly
    the same from one plane, at a third of the multiplications.
    """
    for layer in colour.layers:
        weights = layer.get_weights()
        if layer.name == "Conv1":
            weights[0] = weights[0].sum(axis=2, keepdims=True)
        if weights:
            grey.get_layer(layer.name).set_weights(weights)
