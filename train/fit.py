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
from train.evaluate import evaluate
from train.judge import Judge
from train.keeper import BEST, LAST, Keeper
from train.progress import Progress
from train.recipe import Recipe
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
    task = TASKS[recipe.task]
    splits = {name: task.faces(faces) for name, faces in splits.items()}
    training, public = splits["Training"], splits["PublicTest"]
    if len(training) < recipe.batch:
        raise DataError(
            f"--data: {len(training)} Training faces do not fill one batch of {recipe.batch}; "
            "give more faces or a smaller --batch"
        )
    _prepare(run, recipe, resume)
    targets, weights = _targets(training, recipe, run, say)
    batches = Batches(
        training, targets, recipe.batch, recipe.seed, weights, recipe.mixup, recipe.cutmix
    )
    at_hand = "none" if resume or recipe.start_from else recipe.backbone_weights
    network = _network(recipe, len(training.classes), recipe.precision, at_hand)
    if not resume:
        take_over(network, recipe.start_from, training)

    def saved() -> keras.Model:
        if recipe.precision == "float32":
            return network
        whole = _network(recipe, len(training.classes), "float32", "none")
        whole.set_weights(network.get_weights())
        return whole

    progress = Progress(faces=faces_digest(training))
    if resume:
        progress = progress_file.read(run / LAST)
        if progress.faces != faces_digest(training):
            raise DataError(
                f"{run}: was trained on other faces; resume with its --data or take a new --run"
            )
    judge = Judge(training, public, recipe.share, recipe.seed)
    keeper = Keeper(run, recipe, batches, judge, network, saved, progress, say)
    extra = [keras.callbacks.TensorBoard(run / "tensorboard")] if tensorboard else []
    trainer = _trainer(network, recipe, side=training.images.shape[1])
    for stage in stages(recipe):
        if progress.epoch > stage.end:
            continue
        _compile(trainer, network, recipe, stage, len(batches))
        if resume and stage.start < progress.epoch <= stage.end:
            progress_file.load_weights(trainer, run / LAST)
            if progress.epoch == stage.end:  # as Keras does at the end of a stage
                trainer.optimizer.finalize_variable_values(trainer.trainable_variables)
        if progress.ended or progress.epoch == stage.end:
            continue
        keeper.stage = stage
        trainer.fit(
            batches,
            epochs=stage.end,
            initial_epoch=progress.epoch,
            callbacks=[keeper, *extra],
            verbose=verbose,
            shuffle=False,  # `Batches` has shuffled; Keras' own shuffle would not survive a resume
        )
    best = keras.saving.load_model(run / BEST, compile=False)
    metrics = evaluate(best, splits, ("PublicTest",))
    write_text(run / "metrics.json", json.dumps(metrics, indent=1))
    write_text(run / "about.json", json.dumps(about(splits, run / BEST), indent=1))
    return metrics


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


def _prepare(run: Path, recipe: Recipe, resume: bool) -> None:
    """Make the run's folder, or check that it holds this recipe and an epoch to resume from."""
    saved, last = run / "recipe.json", run / LAST
    if not resume:
        if last.exists():
            raise DataError(
                f"{run}: holds a run already; add --resume to go on or take a new --run"
            )
        write_text(saved, json.dumps(recipe.as_json(), indent=1))
        return
    if not last.is_file():
        raise DataError(f"{run}: holds no finished epoch to resume from; leave --resume out")
    asked, told = recipe.as_json(), _read_json(saved)
    other = [f"{name} {told.get(name)!r}" for name in asked if told.get(name) != asked[name]]
    if other:
        raise DataError(
            f"{saved}: is another recipe ({', '.join(other)}); resume with its values or take a "
            "new --run"
        )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error}); take a new --run") from error
    if not isinstance(told, dict):
        raise DataError(f"{path}: holds no JSON object; take a new --run")
    return told
