"""One training run: a folder that holds everything needed to resume, judge and repeat it.

`runs/<name>/` holds
- `recipe.json`: what was asked for; --resume refuses another recipe
- `best.keras`: weights averaged over steps, of the best epoch on PublicTest, without the optimizer
- `last.weights.h5`: the last epoch with its optimizer, to resume from
- `progress.json`: the epoch reached and the best score so far
- `log.csv`: one line an epoch
- `metrics.json`: the best epoch, scored, with its temperature
"""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.files import replacing, write_text
from train.batches import Batches, plain
from train.data import FaceSet, soft_targets
from train.evaluate import evaluate, load_keras, predict
from train.metrics import score_both, softmax
from train.model import mobilenetv2

HDF5_OVERHEAD = 2048  # bytes for each variable, generously


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a training ends with."""

    input_size: int = 64
    alpha: float = 1.0
    backbone_weights: str = "imagenet"
    start_from: str = ""  # a trained model to go on from, in place of the backbone's weights
    epochs: int = 28
    batch: int = 64
    learning_rate: float = 8e-4
    warmup_epochs: float = 1.0
    weight_decay: float = 0.02
    dropout: float = 0.3
    smoothing: float = 0.05
    ferplus_share: float = 0.5
    ema_momentum: float = 0.998  # averages about the last epoch
    seed: int = 0


def fit(
    splits: dict[str, FaceSet],
    recipe: Recipe,
    run: Path,
    resume: bool = False,
    say: Callable[[str], None] = print,
    verbose: int = 2,
) -> dict[str, Any]:
    """Train on `Training`, keep the best epoch on `PublicTest`, and score it.

    Args:
        splits: As `train.data.load` returns them.
        run: The folder for the run's files; made if missing.
        resume: Go on where the run in this folder stopped.
        say: Called with one line an epoch.
        verbose: Keras' own progress: 0 none, 1 a bar, 2 a line an epoch.

    Returns:
        The content of `metrics.json`.

    Raises:
        DataError: the folder holds another run, or nothing to resume.
        KeyboardInterrupt: passed on; the last whole epoch and the best one are on disk.
    """
    keras.utils.set_random_seed(recipe.seed)
    training, public = splits["Training"], splits["PublicTest"]
    targets = soft_targets(training, recipe.ferplus_share, recipe.smoothing)
    batches = Batches(training, targets, recipe.input_size, recipe.batch, recipe.seed)
    if len(batches) == 0:
        raise DataError(
            f"--data: {len(training)} Training faces do not fill one batch of {recipe.batch}; "
            "give more faces or a smaller --batch"
        )
    _prepare(run, recipe, resume)
    model = _compiled(recipe, steps=len(batches))
    keeper = Keeper(run, batches, plain(public, recipe.input_size), public, recipe.seed, say)
    start = keeper.restore(model) if resume else 0
    model.fit(
        batches,
        epochs=recipe.epochs,
        initial_epoch=start,
        callbacks=[keeper],
        verbose=verbose,
        shuffle=False,  # `Batches` has shuffled; Keras' own shuffle would not survive a resume
    )
    best = keras.saving.load_model(run / "best.keras", compile=False)
    metrics = evaluate(best, splits, ("PublicTest",))
    write_text(run / "metrics.json", json.dumps(metrics, indent=1))
    return metrics


class Keeper(keras.callbacks.Callback):  # type: ignore[misc]
    """After each epoch: judge the averaged weights on PublicTest, keep the best, save the last."""

    def __init__(
        self,
        run: Path,
        batches: Batches,
        inputs: NDArray[np.uint8],
        faces: FaceSet,
        seed: int,
        say: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._run, self._batches, self._seed, self._say = run, batches, seed, say
        self._inputs, self._faces = inputs, faces
        self._best = -1.0

    def restore(self, model: keras.Model) -> int:
        """Take up the last whole epoch's weights and optimizer; return the epoch to go on with."""
        model.optimizer.build(model.trainable_variables)
        try:
            model.load_weights(self._run / "last.weights.h5")
        except (OSError, ValueError, KeyError) as error:
            raise DataError(
                f"{self._run / 'last.weights.h5'}: cannot be read ({error}); "
                f"{self._run / 'best.keras'} is still the best epoch, start a new run for more"
            ) from error
        self._best = float(_read_json(self._run / "progress.json").get("best", self._best))
        # The optimizer counted the steps, so weights and epoch cannot disagree.
        epoch, left_over = divmod(int(model.optimizer.iterations), len(self._batches))
        if left_over:
            raise DataError(
                f"{self._run}: was trained on another number of faces; resume with its --data or "
                "take a new --run"
            )
        return epoch

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Let faces and dropout of epoch `epoch` (counted from 0) follow from (seed, epoch)."""
        self._batches.start_epoch(epoch)
        start = int(np.random.default_rng((self._seed, epoch)).integers(2**31))
        for layer in self.model.layers:
            # Keras saves no dropout's state, so a resumed run would repeat the first epoch's masks.
            if isinstance(layer, keras.layers.Dropout) and layer.rate > 0:
                layer.seed_generator.state.assign([start, 0])

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Judge and save epoch `epoch` (counted from 0)."""
        scores, best = self._judge_averaged()
        progress = {"epoch": epoch + 1, "best": self._best}
        write_text(self._run / "progress.json", json.dumps(progress))
        self._log(epoch, {**(logs or {}), **scores})
        # The weights go last: killed before, the epoch is run again and comes out the same.
        _save_weights(self.model, self._run / "last.weights.h5")
        shown = ", ".join(f"{name} {value:.1%}" for name, value in scores.items())
        self._say(f"epoch {epoch + 1}: PublicTest {shown}{' (best so far)' if best else ''}")

    def _judge_averaged(self) -> tuple[dict[str, float], bool]:
        """Score the averaged weights, save them if they are the best, put the raw ones back."""
        variables = self.model.trainable_variables
        raw = [np.array(keras.ops.convert_to_numpy(v)) for v in variables]
        self.model.optimizer.finalize_variable_values(variables)
        both = score_both(softmax(predict(self.model, self._inputs)), self._faces)
        scores = {name: result["accuracy"] for name, result in both.items()}
        # Without votes there is one label set; with them, both count the same.
        mean = float(np.mean(list(scores.values())))
        best = mean > self._best
        if best:
            self._best = mean
            with replacing(self._run / "best.keras") as beside:
                _without_optimizer(self.model).save(beside)
        for variable, value in zip(variables, raw, strict=True):
            variable.assign(value)
        return scores, best

    def _log(self, epoch: int, values: dict[str, float]) -> None:
        """Add this epoch's line, in place of the one that a killed run may have left."""
        path = self._run / "log.csv"
        written = (
            [line.split(",") for line in path.read_text().splitlines()] if path.exists() else []
        )
        earlier = [line for line in written if line[0].isdigit() and int(line[0]) <= epoch]
        line = [str(epoch + 1), *(f"{float(value):.5f}" for value in values.values())]
        lines = [["epoch", *values], *earlier, line]
        write_text(path, "".join(",".join(cells) + "\n" for cells in lines))


def _prepare(run: Path, recipe: Recipe, resume: bool) -> None:
    """Make the run's folder, or check that it holds this recipe and an epoch to resume from."""
    saved, last = run / "recipe.json", run / "last.weights.h5"
    if resume:
        if not last.is_file():
            raise DataError(f"{run}: holds no finished epoch to resume from; leave --resume out")
        asked, told = asdict(recipe), _read_json(saved)
        if told != asked:
            other = [
                f"{name} {told.get(name)!r}" for name in asked if told.get(name) != asked[name]
            ]
            raise DataError(
                f"{saved}: is another recipe ({', '.join(other)}); resume with its values or take "
                "a new --run"
            )
        return
    if last.exists():
        raise DataError(f"{run}: holds a run already; add --resume to go on or take a new --run")
    write_text(saved, json.dumps(asdict(recipe), indent=1))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error}); take a new --run") from error
    if not isinstance(told, dict):
        raise DataError(f"{path}: holds no JSON object; take a new --run")
    return told


def _save_weights(model: keras.Model, path: Path) -> None:
    """Save weights and optimizer, if there is room: on a full disk HDF5 crashes the process."""
    with replacing(path) as beside:
        variables = [*model.variables, *model.optimizer.variables]
        needed = sum(4 * math.prod(v.shape) + HDF5_OVERHEAD for v in variables)
        if shutil.disk_usage(beside.parent).free < needed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        model.save_weights(beside)


def _without_optimizer(model: keras.Model) -> keras.Model:
    """The same layers and weights, never compiled: a third of the size on disk."""
    return keras.Model(model.inputs, model.outputs, name=model.name)


def _compiled(recipe: Recipe, steps: int) -> keras.Model:
    weights = "none" if recipe.start_from else recipe.backbone_weights
    model = mobilenetv2(recipe.input_size, recipe.alpha, weights, dropout=recipe.dropout)
    if recipe.start_from:
        _go_on_from(model, Path(recipe.start_from))
    warmup = max(1, round(recipe.warmup_epochs * steps))
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=recipe.learning_rate / 20,
        decay_steps=max(1, recipe.epochs * steps - warmup),
        alpha=0.01,
        warmup_target=recipe.learning_rate,
        warmup_steps=warmup,
    )
    optimizer = keras.optimizers.AdamW(
        schedule,
        weight_decay=recipe.weight_decay,
        use_ema=True,
        ema_momentum=recipe.ema_momentum,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(
        optimizer,
        keras.losses.CategoricalCrossentropy(from_logits=True),
        # XLA's depthwise convolution is several times slower on a CPU
        jit_compile="auto" if keras.backend.backend() == "jax" else False,
    )
    return model


def _go_on_from(model: keras.Model, path: Path) -> None:
    """Take over a trained model's weights, whose input may have had another size.

    A network that saw small inputs gains from a few epochs on larger ones, for a part of what
    training on them throughout would cost (Touvron et al. 2019).

    Raises:
        DataError: the file holds no model of this shape.
    """
    try:
        model.set_weights(load_keras(path).get_weights())
    except ValueError as error:
        raise DataError(
            f"--start-from {path}: is a network of another shape; see --alpha"
        ) from error
