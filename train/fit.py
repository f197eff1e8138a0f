"""One training run: a folder that holds everything needed to resume, judge and repeat it.

`runs/<name>/` holds
- `recipe.json`: what was asked for; --resume refuses another recipe
- `best.keras`: weights averaged over steps, of the best epoch on PublicTest, without the optimizer
- `last.weights.h5`: the last epoch with its optimizer and the run's progress, to resume from
- `log.csv`: one line an epoch
- `metrics.json`: the best epoch, scored, with its temperature
- `about.json`: the command, versions, hashes
- `tensorboard/`: the same curves as the log, where they were asked for
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.files import write_text
from train import progress as progress_file
from train.about import about
from train.architectures import build
from train.augment import ToInput, distortions
from train.batches import Batches, balanced_weights
from train.data import FaceSet, soft_targets
from train.digest import faces_digest
from train.distill import DistillationLoss, teachers_probabilities
from train.evaluate import evaluate, load_keras
from train.judge import Judge
from train.keeper import BEST, LAST, Keeper
from train.progress import Progress
from train.recipe import Recipe
from train.run_folder import prepare, resumed
from train.schedule import learning_rate
from train.stages import Stage, set_trainable, stages
from train.start import take_over
from train.task import TASKS

Targets = NDArray[np.float32]


def fit(
    splits: dict[str, FaceSet],
    recipe: Recipe,
    run: Path,
    resume: bool = False,
    say: Callable[[str], None] = print,
    verbose: int = 2,
    tensorboard: bool = False,
) -> dict[str, Any]:
    """Train on `Training`, keep the best epoch on `PublicTest`, and score it.

    Args:
        splits: As `train.data.load` returns them.
        run: The folder for the run's files; made if missing.
        resume: Go on where the run in this folder stopped.
        say: Called with one line an epoch.
        verbose: Keras' own progress: 0 none, 1 a bar, 2 a line an epoch.
        tensorboard: Write TensorBoard's files, too.

    Returns:
        The content of `metrics.json`.

    Raises:
        DataError: the folder holds another run, or nothing to resume; the loss is no number.
        KeyboardInterrupt: passed on; the last whole epoch and the best one are on disk.
    """
    keras.utils.set_random_seed(recipe.seed)
    splits = {name: TASKS[recipe.task].faces(faces) for name, faces in splits.items()}
    training = splits["Training"]
    if len(training) < recipe.batch:
        raise DataError(
            f"--data: {len(training)} Training faces do not fill one batch of {recipe.batch}; "
            "give more faces or a smaller --batch"
        )
    prepare(run, recipe, resume)
    batches = _batches(training, recipe, run, say)
    network = _started(recipe, training, resume)
    progress = resumed(run, training) if resume else Progress(faces=faces_digest(training))
    judge = Judge(training, splits["PublicTest"], recipe.share, recipe.seed)
    in_float32 = partial(_in_float32, network, recipe)
    keeper = Keeper(run, recipe, batches, judge, network, in_float32, progress, say)
    extra = [keras.callbacks.TensorBoard(run / "tensorboard")] if tensorboard else []
    _train(network, recipe, batches, keeper, run / LAST if resume else None, extra, verbose)
    metrics = evaluate(load_keras(run / BEST), splits, ("PublicTest",))
    write_text(run / "metrics.json", json.dumps(metrics, indent=1))
    write_text(run / "about.json", json.dumps(about(splits, run / BEST), indent=1))
    return metrics


def _train(
    network: keras.Model,
    recipe: Recipe,
    batches: Batches,
    keeper: Keeper,
    saved: Path | None,
    callbacks: list[keras.callbacks.Callback],
    verbose: int,
) -> None:
    """Go through the stages that are left; `saved` are the weights to go on from."""
    progress = keeper.progress
    trainer = _trainer(network, recipe, batches.side)
    for stage in stages(recipe):
        if progress.epoch > stage.end:
            continue
        _compile(trainer, network, recipe, stage, len(batches))
        if saved and stage.start < progress.epoch <= stage.end:
            progress_file.load_weights(trainer, saved)
            if progress.epoch == stage.end:  # as Keras does at the end of a stage
                trainer.optimizer.finalize_variable_values(trainer.trainable_variables)
        if progress.ended or progress.epoch == stage.end:
            continue
        keeper.stage = stage
        trainer.fit(
            batches,
            epochs=stage.end,
            initial_epoch=progress.epoch,
            callbacks=[keeper, *callbacks],
            verbose=verbose,
            shuffle=False,  # `Batches` has shuffled; Keras' own shuffle would not survive a resume
        )


def _started(recipe: Recipe, training: FaceSet, resume: bool) -> keras.Model:
    """The network with the weights that the recipe starts from, unless the run brings its own."""
    at_hand = "none" if resume or recipe.start_from else recipe.backbone_weights
    network = _network(recipe, len(training.classes), recipe.precision, at_hand)
    if not resume:
        take_over(network, recipe.start_from, training)
    return network


def _in_float32(network: keras.Model, recipe: Recipe) -> keras.Model:
    """The network as it is saved: a converter knows no mixed precision."""
    if recipe.precision == "float32":
        return network
    whole = _network(recipe, network.output_shape[1], "float32", "none")
    whole.set_weights(network.get_weights())
    return whole


def _batches(training: FaceSet, recipe: Recipe, run: Path, say: Callable[[str], None]) -> Batches:
    targets, weights = _targets(training, recipe, run, say)
    return Batches(
        training, targets, recipe.batch, recipe.seed, weights, recipe.mixup, recipe.cutmix
    )


def _targets(
    training: FaceSet, recipe: Recipe, run: Path, say: Callable[[str], None]
) -> tuple[Targets, Targets | None]:
    """(n, k) targets, (n, 2k) with teachers, and the weights of the classes if they are wanted."""
    targets = soft_targets(training, recipe.share, recipe.smoothing)
    balanced = recipe.class_weights == "balanced"
    weights = balanced_weights(soft_targets(training, recipe.share)) if balanced else None
    if recipe.teachers:
        cache = run.parent / "teachers"
        told = teachers_probabilities(recipe.teachers, training, recipe.temperature, cache, say)
        targets = np.concatenate([targets, told], axis=1)
    return targets, weights


def _network(recipe: Recipe, classes: int, precision: str, weights: str) -> keras.Model:
    """The network itself, its features starting from `weights`."""
    with _precision(precision):
        return build(
            recipe.arch,
            classes,
            recipe.input_size,
            alpha=recipe.alpha,
            backbone_weights=weights,
            dropout=recipe.dropout,
            head_units=recipe.head_units,
        )


@contextmanager
def _precision(policy: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _trainer(network: keras.Model, recipe: Recipe, side: int) -> keras.Model:
    """The network behind the distortions: (n, side, side, 1) values 0-255 to (n, k) logits."""
    faces = keras.Input((side, side, 1), name="faces")
    told = faces
    for distortion in distortions(recipe.augment):
        told = distortion(told)
    return keras.Model(faces, network(ToInput(recipe.input_size, name="to_input")(told)))


def _compile(
    trainer: keras.Model, network: keras.Model, recipe: Recipe, stage: Stage, steps: int
) -> None:
    set_trainable(network, stage, recipe)
    optimizer = keras.optimizers.AdamW(
        learning_rate(recipe, stage.epochs, steps),
        weight_decay=recipe.weight_decay,
        use_ema=True,
        ema_momentum=recipe.ema_momentum,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    loss: keras.losses.Loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    if recipe.teachers:
        loss = DistillationLoss(recipe.temperature, recipe.distill_alpha)
    trainer.compile(
        optimizer,
        loss,
        # XLA's depthwise convolution is several times slower on a CPU
        jit_compile="auto" if keras.backend.backend() == "jax" else False,
    )
