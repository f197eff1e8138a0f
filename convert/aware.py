"""Fine-tuning with int8 in the loop, for a network that loses too much by being rounded afterwards.

The batch norms are folded away, the network learns with every weight and output rounded as the
device will round them, and its weights, in float again, go the ordinary way. What it is taught is
what the float network tells of the same, distorted faces, and the labels. The backend must be
TensorFlow, as it must be to convert.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops
from tqdm import tqdm

from convert import representative
from convert.fake_quant import calibrate, simulated
from convert.fold import folded
from edge.errors import DataError
from train.augment import ToInput, distortions
from train.batches import Batches
from train.data import FaceSet, soft_targets
from train.distill import DistillationLoss
from train.evaluate import predict
from train.metrics import label_sets

EPOCH = 4096  # faces; a network that is nearly right is judged more often than once a pass
BATCH = 64
LEARNING_RATE = 2e-5
TEACHER = 0.7  # share of the loss that comes from the float network, the rest from the labels
Say = Callable[[str], None]


def fine_tune(
    model: keras.Model,
    splits: dict[str, FaceSet],
    minutes: float = 20.0,
    epochs: int = 50,
    seed: int = 0,
    say: Say = print,
    learning_rate: float = LEARNING_RATE,
) -> keras.Model:
    """Fine-tune `model` to lose less when it is made int8; it is itself left as it was.

    The epoch whose int8 simulation is most accurate on PublicTest is kept. The same seed and number
    of epochs give the same weights; with `minutes` the machine's speed decides how many there are.

    Args:
        splits: `Training` and `PublicTest`, with the classes of the model.
        minutes: After which no further epoch is begun.
        epochs: Of `EPOCH` faces, at most.
        say: Called with one line an epoch.

    Returns:
        A float model of the same layers and names without batch norms. Where no epoch is better
        than what rounding afterwards gives, that is the same function as `model`.

    Raises:
        ConversionError: the network has a layer that cannot be folded; names it.
        DataError: the faces have other classes than the model, or do not fill a batch.
    """
    training, public = splits["Training"], splits["PublicTest"]
    if len(training.classes) != model.output_shape[1] or len(training) < BATCH:
        raise DataError(
            f"--data: {len(training)} Training faces of {len(training.classes)} classes cannot "
            f"fine-tune a model of {model.output_shape[1]} outputs in batches of {BATCH}"
        )
    keras.utils.set_random_seed(seed)
    end = time.monotonic() + 60 * minutes
    run = _Run(model, training, public, seed, learning_rate)
    say(f"PublicTest before fine-tuning: float {run.of_float:.2%}, int8 {run.before:.2%}")
    for epoch in range(epochs):
        if time.monotonic() >= end:
            break
        loss, accuracy = run.epoch(epoch)
        say(f"epoch {epoch + 1}: loss {loss:.4f}, int8 on PublicTest {accuracy:.2%}")
    if run.best <= run.before:
        say("fine-tuning did not help; the model stays as it was")
    return run.result()


class _Run:
    """The network three times: as it learns, as that is rounded, and in float, which teaches."""

    def __init__(
        self, model: keras.Model, training: FaceSet, public: FaceSet, seed: int, rate: float
    ) -> None:
        self._plain, self._teacher, self._public = folded(model), folded(model), public
        self._teacher.trainable = False
        self._simulation = simulated(self._plain)
        size = model.input_shape[1]
        self._ranges = representative.prepared(training, representative.choose(training), size)
        self._batches = Batches(training, soft_targets(training), BATCH, seed)
        self._trainer = self._behind_distortions(training.images.shape[1], size)
        self._trainer.compile(keras.optimizers.Adam(rate), _loss, jit_compile=False)
        self._kept = self._plain.get_weights()
        self.of_float = _accuracy(self._teacher, public)
        self.before = self.best = self._accuracy_in_int8()

    def epoch(self, number: int) -> tuple[float, float]:
        """Learn from `EPOCH` faces, drawn anew; return the loss and the accuracy in int8."""
        self._batches.start_epoch(number)
        self._trainer.reset_metrics()
        loss = 0.0
        steps = range(min(EPOCH // BATCH, len(self._batches)))
        for step in tqdm(steps, "fine-tuning", delay=2, leave=False, disable=None):
            loss = float(self._trainer.train_on_batch(*self._batches[step]))  # the mean so far
        accuracy = self._accuracy_in_int8()
        if accuracy > self.best:
            self.best, self._kept = accuracy, self._plain.get_weights()
        return loss, accuracy

    def result(self) -> keras.Model:
        """The best epoch, or what it began with."""
        self._plain.set_weights(self._kept)
        return self._plain

    def _accuracy_in_int8(self) -> float:
        calibrate(self._simulation, self._plain, self._ranges)
        return _accuracy(self._simulation, self._public)

    def _behind_distortions(self, side: int, size: int) -> keras.Model:
        """(n, side, side, 1) faces to (n, 2k): what the network tells, then what its teacher."""
        faces = told = keras.Input((side, side, 1), name="faces")
        for distortion in distortions():
            told = distortion(told)
        told = ToInput(size, name="to_input")(told)
        both = [self._simulation(told), self._teacher(told)]
        return keras.Model(faces, ops.concatenate(both, axis=-1))


def _loss(labels: Any, told: Any) -> Any:
    """(n,) of (n, k) targets and the (n, 2k) that `_Run` computes."""
    logits, teacher = ops.split(told, 2, axis=-1)
    both = ops.concatenate([labels, ops.softmax(teacher, axis=-1)], axis=-1)
    return DistillationLoss(temperature=1.0, alpha=TEACHER).call(both, logits)


def _accuracy(network: keras.Model, faces: FaceSet) -> float:
    """The mean over the label sets there are."""
    answers = predict(network, faces.images).argmax(axis=1)
    return float(
        np.mean([(answers[chosen] == truth).mean() for chosen, truth in label_sets(faces).values()])
    )
