"""Training on a few faces without forgetting the many.

Three things hold the model to what it knew: faces of the base data in every batch (rehearsal), the
base model's own answers as a part of their targets (Li and Hoiem 2016, Hinton et al. 2015), and a
pull of every weight towards where it started (L2-SP, Li et al. 2018).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from train.augment import Distortion, ToInput, distortions

Inputs = NDArray[Any]
Targets = NDArray[np.float32]


@dataclass(frozen=True)
class Schedule:
    """How long and how strongly.

    Attributes:
        epochs: Of `steps` batches each.
        steps: Batches an epoch.
        batch: Inputs a batch.
        own_share: Part of each batch that is one's own faces, each class as often as any other.
        learning_rate: At the start; it falls to 0 along a cosine.
        pull: Weight of the squared distance from the starting weights.
    """

    epochs: int
    steps: int
    batch: int
    own_share: float
    learning_rate: float
    pull: float


@dataclass(frozen=True)
class Examples:
    """Inputs, (n, k) targets that sum to 1, and how often each is drawn: (n,) summing to 1."""

    inputs: Inputs
    targets: Targets
    weights: NDArray[np.float64]


def by_class(
    inputs: Inputs,
    targets: Targets,
    labels: NDArray[np.int64],
    frequencies: NDArray[np.floating[Any]] | None = None,
) -> Examples:
    """Examples of which each class is drawn as often as `frequencies` (k,) say, or evenly.

    However many shots there are of each class, the model then does not learn from their number
    which classes are common.
    """
    counts = np.bincount(labels)
    wanted = np.ones(len(counts)) if frequencies is None else np.maximum(frequencies, 1e-3)
    weights = wanted[labels] / counts[labels].astype(np.float64)
    return Examples(inputs, targets, weights / weights.sum())


def uniformly(inputs: Inputs, targets: Targets) -> Examples:
    """Examples of which each is drawn as often as any other."""
    return Examples(inputs, targets, np.full(len(inputs), 1 / len(inputs)))


class MixedBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches in which own faces and anchor faces have a fixed share each.

    Every random choice follows from (seed, epoch, position).
    """

    def __init__(
        self, own: Examples, anchor: Examples | None, schedule: Schedule, seed: int
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self._schedule, self._seed, self._epoch = schedule, seed, 0
        if anchor is None:
            self._parts = [(own, schedule.batch)]
        else:
            count = min(max(1, round(schedule.own_share * schedule.batch)), schedule.batch - 1)
            self._parts = [(own, count), (anchor, schedule.batch - count)]

    def on_epoch_end(self) -> None:
        """Draw others in the next epoch."""
        self._epoch += 1

    def __len__(self) -> int:
        return self._schedule.steps

    def __getitem__(self, index: int) -> tuple[Inputs, Targets]:
        rng = np.random.default_rng((self._seed, self._epoch, index))
        inputs, targets = [], []
        for part, count in self._parts:
            drawn = rng.choice(len(part.inputs), count, p=part.weights)
            inputs.append(np.asarray(part.inputs[drawn], np.float32))
            targets.append(part.targets[drawn])
        return np.concatenate(inputs), np.concatenate(targets)


class PulledBack(keras.Model):  # type: ignore[misc]
    """A network whose weights are pulled to where they are when it is made (L2-SP)."""

    def __init__(self, inputs: Any, outputs: Any, pull: float) -> None:
        super().__init__(inputs, outputs, name="pulled_back")
        self._pull = pull
        self._start = [ops.convert_to_tensor(np.array(one)) for one in self.trainable_variables]

    def compute_loss(self, *args: Any, **named: Any) -> Any:
        """The given loss, and the pull."""
        loss = super().compute_loss(*args, **named)
        pairs = zip(self.trainable_variables, self._start, strict=True)
        return loss + self._pull * sum(ops.sum(ops.square(one - start)) for one, start in pairs)


def train_head(
    layer: keras.layers.Dense, own: Examples, anchor: Examples | None, schedule: Schedule, seed: int
) -> None:
    """Train the last layer on (n, d) float32 features; nothing else of the network is looked at."""
    features = keras.Input((own.inputs.shape[1],))
    # a copy, since a layer that is called again belongs to two networks, and both are saved
    copy = keras.layers.Dense(layer.units, dtype="float32")
    told = copy(features)
    copy.set_weights(layer.get_weights())
    _fit(PulledBack(features, told, schedule.pull), own, anchor, schedule, seed)
    layer.set_weights(copy.get_weights())


def train_all(
    network: keras.Model,
    own: Examples,
    anchor: Examples | None,
    schedule: Schedule,
    seed: int,
    distortion: float,
    say: Callable[[str], None],
) -> None:
    """Train every weight on (n, s, s, 1) uint8 faces, lightly distorted anew each time.

    Batch norms stay as they are, statistics and scales: so few faces would spoil them.
    """
    norms = [one for one in network.layers if isinstance(one, keras.layers.BatchNormalization)]
    for norm in norms:
        norm.trainable = False
    faces = keras.Input(own.inputs.shape[1:])
    x = faces
    for layer in _seeded(distortions(distortion), np.random.default_rng(seed)):
        x = layer(x)
    told = network(ToInput(network.input_shape[1])(x))
    progress = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: say(
            f"epoch {epoch + 1} of {schedule.epochs}: loss {logs['loss']:.3f}"
        )
    )
    _fit(PulledBack(faces, told, schedule.pull), own, anchor, schedule, seed, progress)
    for norm in norms:
        norm.trainable = True


def _fit(
    model: keras.Model,
    own: Examples,
    anchor: Examples | None,
    schedule: Schedule,
    seed: int,
    *callbacks: keras.callbacks.Callback,
) -> None:
    rate = keras.optimizers.schedules.CosineDecay(
        schedule.learning_rate, schedule.epochs * schedule.steps
    )
    model.compile(
        keras.optimizers.Adam(rate, clipnorm=1.0),
        keras.losses.CategoricalCrossentropy(from_logits=True),
    )
    batches = MixedBatches(own, anchor, schedule, seed)
    model.fit(batches, epochs=schedule.epochs, verbose=0, shuffle=False, callbacks=callbacks)


def distorted(images: NDArray[np.uint8], copies: int, strength: float, seed: int) -> Inputs:
    """The (n, s, s) uint8 faces, then `copies` - 1 times the same distorted: (copies n, s, s)."""
    layers = distortions(strength)
    rng = np.random.default_rng(seed)
    made = [images]
    for _ in range(copies - 1):
        x = images[..., None].astype(np.float32)
        for layer in _seeded(layers, rng):
            x = layer(x, training=True)
        whole = np.rint(ops.convert_to_numpy(x)[..., 0])
        made.append(np.clip(whole, 0, 255).astype(np.uint8))
    return np.concatenate(made)


def _seeded(layers: list[Distortion], rng: np.random.Generator) -> list[Distortion]:
    for layer in layers:
        layer.seed_generator.state.assign(rng.integers(0, 2**31, 2))
    return layers
