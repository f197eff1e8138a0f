"""`--keep-float`: from the names that a person gives to the layers that stay out of int8.

A person may name any layer of the Keras model. A batch norm and a ReLU become one operation with
the layer before them, and padding with the one after it, so they stand for that layer.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import keras

from convert.verify import ConversionError

WITH_THE_ONE_BEFORE = (
    keras.layers.BatchNormalization,
    keras.layers.ReLU,
    keras.layers.Activation,
    keras.layers.Dropout,
)
WITH_THE_ONE_AFTER = (keras.layers.ZeroPadding2D,)
AT_WORK = 4  # names offered where none is like the one given


def at_work(model: keras.Model, names: Iterable[str]) -> tuple[str, ...]:
    """The layers that do the arithmetic of the named ones, each once, in the order given.

    Raises:
        ConversionError: the model has no such layer; the message names those that sound like it.
    """
    layers = {layer.name: layer for layer in model.layers}
    found: dict[str, None] = {}
    for name in names:
        if name not in layers:
            raise unknown_layer(name, list(layers))
        found[_worker(layers[name]).name] = None
    return tuple(found)


def unknown_layer(name: str, known: list[str]) -> ConversionError:
    """The error for a name that no layer has, naming close matches."""
    like = get_close_matches(name, known, n=AT_WORK, cutoff=0.5)
    hint = f"did you mean {' or '.join(like)}?" if like else f"there are {_some(known)}"
    return ConversionError(f"--keep-float {name}: the model has no such layer; {hint}")


def _worker(layer: keras.Layer) -> keras.Layer:
    while isinstance(layer, WITH_THE_ONE_BEFORE):
        layer = layer._inbound_nodes[0].parent_nodes[0].operation
    while isinstance(layer, WITH_THE_ONE_AFTER):
        layer = layer._outbound_nodes[0].operation
    return layer


def _some(known: list[str]) -> str:
    return ", ".join(known[:AT_WORK]) + (" and so on" if len(known) > AT_WORK else "")
