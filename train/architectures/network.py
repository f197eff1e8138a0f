"""What every network has in common: one grey plane in, logits out.

Preprocessing is inside the graph: the input is 0-255. Softmax and temperature are the device's job
(`edge.vision.expression`), because a quantised softmax would round small probabilities to zero.

The features are averaged over the picture, never flattened: the last layers then do not depend on
the input's size, so weights learnt at one size go on at another; they hold a hundredth of the
parameters that a flattened VGG's would; and Grad-CAM reads each class's share of the map off them.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import keras

from train.architectures.table import Architecture

# (n, s, s, 1) values -1 to 1, the width and the weights to start from in; (n, h, w, c) features out
Features = Callable[[keras.KerasTensor, float, str], keras.KerasTensor]

HALF = 127.5  # the grey that is 0 after scaling, and what is divided by


def network(
    architecture: Architecture,
    classes: int,
    input_size: int,
    alpha: float,
    backbone_weights: str,
    dropout: float,
    head_units: int,
) -> keras.Model:
    """Build it; see `train.architectures.build`."""
    module, function = architecture.builder.split(":")
    features: Features = getattr(import_module(f"{__package__}.{module}"), function)
    face = keras.Input((input_size, input_size, 1), name="face")
    scaled = keras.layers.Rescaling(1 / HALF, offset=-1, name="scale")(face)
    x = features(scaled, alpha, backbone_weights)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    if head_units:
        x = keras.layers.Dense(head_units, activation="relu", name="head")(x)
    # float32 also where the rest computes in half precision: a softmax needs the digits
    logits = keras.layers.Dense(classes, dtype="float32", name="logits")(x)
    return keras.Model(face, logits, name=architecture.name.replace("-", "_"))
