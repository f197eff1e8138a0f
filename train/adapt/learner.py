"""What is trained: the last layer, on features that are computed once, or the whole network."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from numpy.typing import NDArray

from train.adapt.base import LOGITS
from train.adapt.frequencies import bias_back
from train.adapt.tune import (
    Examples,
    Inputs,
    Schedule,
    Targets,
    by_class,
    distorted,
    train_all,
    train_head,
)
from train.data import FaceSet
from train.evaluate import predict

Logits = NDArray[np.float32]
Say = Callable[[str], None]

COPIES = 8  # of each own face for the head, the first as it is, the others distorted
DISTORTION = 0.5  # of what `edge-train fit` does: the faces are few, and from the very camera


class Head:
    """Only the last layer is trained, so what comes before it is computed once for each face."""

    def __init__(self, network: keras.Model, say: Say) -> None:
        self._layer = network.get_layer(LOGITS)
        self._features = keras.Model(network.inputs, self._layer.input)
        self._known: dict[str, Inputs] = {}
        self._say = say

    def inputs(self, name: str, faces: FaceSet) -> Inputs:
        """(n, d) float32 features of the faces; `name` is what they are remembered by."""
        if name not in self._known:
            self._say(f"reading {len(faces)} faces ...")
            self._known[name] = predict(self._features, faces.images)
        return self._known[name]

    def answers(self, name: str, faces: FaceSet) -> Logits:
        """(n, k) logits of the layer as it stands."""
        kernel, bias = self._layer.get_weights()
        return np.asarray(self.inputs(name, faces) @ kernel + bias, dtype=np.float32)

    def own_examples(
        self, own: FaceSet, targets: Targets, frequencies: Targets | None, seed: int
    ) -> Examples:
        """Features of the faces and of some distorted copies."""
        images = distorted(np.asarray(own.images), COPIES, DISTORTION, seed)
        self._say(f"reading {len(images)} faces, {COPIES} of each own one ...")
        labels = np.tile(own.labels, COPIES)
        features = predict(self._features, images)
        return by_class(features, np.tile(targets, (COPIES, 1)), labels, frequencies)

    def train(self, own: Examples, anchor: Examples | None, schedule: Schedule, seed: int) -> None:
        """Train the layer in place; what was common among anchor faces is as common afterwards.

        The last layer alone can only shift the borders between classes. Measured on FER-2013's
        PublicTest, a bias that takes the common part of that shift back halves what is lost under
        the FER+ labels; trained whole, a network gained nothing from it.
        """
        kernel, bias = self._layer.get_weights()
        train_head(self._layer, own, anchor, schedule, seed)
        if anchor is not None:
            before, (trained, shifted) = anchor.inputs @ kernel + bias, self._layer.get_weights()
            back = bias_back(before, anchor.inputs @ trained + shifted)
            self._layer.set_weights([trained, shifted + back])


class Whole:
    """Every weight is trained, on faces that are distorted anew each time."""

    def __init__(self, network: keras.Model, say: Say) -> None:
        self._network, self._say = network, say

    def inputs(self, name: str, faces: FaceSet) -> Inputs:  # noqa: ARG002
        """(n, s, s, 1) uint8."""
        return np.asarray(faces.images)[..., None]

    def answers(self, name: str, faces: FaceSet) -> Logits:  # noqa: ARG002
        """(n, k) logits of the network as it stands."""
        self._say(f"reading {len(faces)} faces ...")
        return predict(self._network, faces.images)

    def own_examples(
        self,
        own: FaceSet,
        targets: Targets,
        frequencies: Targets | None,
        seed: int,  # noqa: ARG002
    ) -> Examples:
        """The faces as they are."""
        return by_class(self.inputs("own", own), targets, own.labels, frequencies)

    def train(self, own: Examples, anchor: Examples | None, schedule: Schedule, seed: int) -> None:
        """Train the network in place."""
        train_all(self._network, own, anchor, schedule, seed, DISTORTION, self._say)


Learner = Head | Whole
