"""Where in the face the network finds what speaks for a class: Grad-CAM (Selvaraju et al. 2017).

The last feature map is weighted by how much each of its channels moves the logit of the class. The
map is as coarse as that layer, 3x3 for a MobileNetV2 that takes 80 pixels: it tells the brows
from the mouth and nothing finer.
"""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from edge.errors import UsageError
from train.batches import prepared

BATCH = 64

Maps = NDArray[np.float32]


class GradCam:
    """Grad-CAM of one network.

    Attributes:
        layer: Name of the layer whose output is looked at.
        shape: Its height, width and channels.
    """

    def __init__(self, network: keras.Model, layer: str = "") -> None:
        """Cut the network in two behind `layer`, by default its last feature map.

        Raises:
            UsageError: no layer is called so, or it has no feature map; names those that have.
        """
        maps = {one.name: one.output for one in feature_layers(network)}
        self.layer = layer or _last_map(network, list(maps))
        if self.layer not in maps:
            raise UsageError(f"{self.layer!r} is no layer with a feature map; {_choices(maps)}")
        cut = maps[self.layer]
        self.shape: tuple[int, int, int] = tuple(cut.shape[1:])
        self._network = network
        self._features = keras.Model(network.inputs, cut)
        self._head = keras.Model(cut, network.output)

    def __call__(self, images: NDArray[np.uint8], classes: NDArray[np.int64]) -> Maps:
        """(n, h, w) float32, 0 and more, of (n, a, b) uint8 faces, each for its own class."""
        told = [np.zeros((0, *self.shape[:2]), np.float32)]
        for start in range(0, len(images), BATCH):
            chosen = slice(start, start + BATCH)
            features = np.asarray(
                self._features.predict_on_batch(
                    prepared(images[chosen], self._network.input_shape[1])
                ),
                np.float32,
            )
            slope = logit_gradient(self._head, features, classes[chosen])
            weights = slope.mean(axis=(1, 2), keepdims=True)
            told.append(np.maximum((weights * features).sum(axis=3), 0))
        return np.concatenate(told)


def logit_gradient(head: keras.Model, features: Maps, classes: NDArray[np.int64]) -> Maps:
    """How the logit of each face's class changes with its (n, h, w, c) features: the same shape.

    Raises:
        UsageError: Keras runs on another backend than TensorFlow or JAX.
    """
    backend = keras.backend.backend()
    wanted = np.eye(head.output_shape[-1], dtype=np.float32)[classes]
    if backend == "tensorflow":
        import tensorflow

        watched = tensorflow.convert_to_tensor(features)
        with tensorflow.GradientTape() as tape:
            tape.watch(watched)
            # faces do not touch each other, so the gradient of the sum is that of each
            total = keras.ops.sum(head(watched, training=False) * wanted)
        return np.asarray(tape.gradient(total, watched), np.float32)
    if backend == "jax":
        import jax

        fixed = [one.value for one in head.trainable_variables]
        state = [one.value for one in head.non_trainable_variables]

        def total_logit(given: Maps) -> keras.KerasTensor:
            logits, _ = head.stateless_call(fixed, state, given, training=False)
            return keras.ops.sum(logits * wanted)

        return np.asarray(jax.grad(total_logit)(features), np.float32)
    raise UsageError(f"Grad-CAM needs KERAS_BACKEND=tensorflow or jax, not {backend}")


def feature_layers(network: keras.Model) -> list[keras.Layer]:
    """The layers that put out feature maps, (None, h, w, c) with h and w above 1, in order."""
    return [
        one
        for one in network.layers
        if not isinstance(one, keras.layers.InputLayer)
        and isinstance(one.output, keras.KerasTensor)
        and len(one.output.shape) == 4
        and min(one.output.shape[1:3]) > 1
    ]


def default_layers(network: keras.Model) -> list[str]:
    """An early, a middle and a late layer: each the last activation at its resolution.

    The resolutions are the highest, the middle one and the lowest that an activation has.
    """
    kinds = (keras.layers.ReLU, keras.layers.Activation, keras.layers.Conv2D)
    last = {
        one.output.shape[1]: one.name for one in feature_layers(network) if isinstance(one, kinds)
    }
    sides = sorted(last, reverse=True)
    if not sides:
        return []
    return list(dict.fromkeys(last[sides[i]] for i in (0, len(sides) // 2, -1)))


def activations(network: keras.Model, layer: str, face: NDArray[np.uint8]) -> Maps:
    """(h, w, c) float32 output of a named layer for one (a, b) uint8 face.

    Raises:
        UsageError: no layer is called so, or it has no feature map.
    """
    maps = {one.name: one.output for one in feature_layers(network)}
    if layer not in maps:
        raise UsageError(f"--layers {layer}: is no layer with a feature map; {_choices(maps)}")
    part = keras.Model(network.inputs, maps[layer])
    told = part.predict_on_batch(prepared(face[None], network.input_shape[1]))
    return np.asarray(told[0], np.float32)


def _last_map(network: keras.Model, names: list[str]) -> str:
    """The map that is pooled, or the last one of a network without `pool`."""
    if not names:
        raise UsageError("this network has no feature map of more than one pixel")
    try:
        pooled: str = network.get_layer("pool").input._keras_history.operation.name
    except ValueError:
        return names[-1]
    return pooled if pooled in names else names[-1]


def _choices(maps: dict[str, object], most: int = 12) -> str:
    names = list(maps)
    shown = names if len(names) <= most else [names[i * len(names) // most] for i in range(most)]
    return f"there are {', '.join(shown)}{' and others' if len(names) > most else ''}"
