"""What happens around each epoch of a training: seeds, judging, keeping, stopping."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from edge.errors import DataError
from edge.files import replacing
from train import progress as progress_file
from train.batches import Batches
from train.judge import Judge, Judgement, as_line
from train.log import add_line
from train.progress import Progress
from train.recipe import Recipe
from train.schedule import ends_after, rate_after_cuts, rate_of_budget
from train.stages import Stage

BEST = "best.keras"
LAST = "last.weights.h5"
LOG = "log.csv"


class Keeper(keras.callbacks.Callback):  # type: ignore[misc]
    """Make each epoch follow from (seed, epoch); judge it, keep the best, save the last.

    Args:
        network: Without the distortions, as it will be saved.
        saved: Builds the network to be written to a file, with the present weights.
        cpu_seconds: The clock of the budget; the CPU time of this process.
    """

    def __init__(
        self,
        run: Path,
        recipe: Recipe,
        batches: Batches,
        judge: Judge,
        network: keras.Model,
        saved: Callable[[], keras.Model],
        progress: Progress,
        say: Callable[[str], None],
        cpu_seconds: Callable[[], float] = time.process_time,
    ) -> None:
        super().__init__()
        self._run, self._recipe, self._batches, self._judge = run, recipe, batches, judge
        self._network, self._saved, self._say = network, saved, say
        self._cpu_seconds, self._epoch_start = cpu_seconds, 0.0
        self.progress = progress
        self.stage = Stage("fine-tune", 0, recipe.epochs)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Let faces, distortions and dropout of epoch `epoch` (counted from 0) follow from it."""
        self._batches.start_epoch(epoch)
        drawn = [one for one in self.model._flatten_layers() if hasattr(one, "seed_generator")]
        for index, layer in enumerate(drawn):
            # Keras saves no such state, so a resumed run would repeat the first epoch's draws
            rng = np.random.default_rng((self._recipe.seed, epoch, index))
            if layer.seed_generator is not None:
                layer.seed_generator.state.assign(rng.integers(0, 2**31, 2))
        if self._recipe.schedule == "plateau":
            self._set_rate(rate_after_cuts(self._recipe.learning_rate, self.progress.cuts))
        self._epoch_start = self._cpu_seconds()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Stop on a loss that is no number, or when the budget is spent."""
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            raise DataError(
                f"{self._run}: the loss is {loss} after batch {batch + 1}; try a lower "
                "--learning-rate in a new --run; the last whole epoch is kept"
            )
        self.progress.images += self._recipe.batch
        if not self._recipe.minutes:
            return
        spent = self.progress.cpu_seconds + self._cpu_seconds() - self._epoch_start
        share = spent / (60 * self._recipe.minutes)
        self._set_rate(rate_of_budget(self._recipe.learning_rate, share))
        if share >= 1:
            self.progress.ended = "minutes"
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Judge and save epoch `epoch` (counted from 0)."""
        told = logs if logs is not None else {}
        seconds = self._cpu_seconds() - self._epoch_start
        self.progress.cpu_seconds += seconds
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        judgement, best = self._judge_averaged()
        self._count(epoch, best)
        line: dict[str, float | str] = {
            "stage": self.stage.name,
            "learning_rate": rate,
            "seconds": seconds,
            "images": self.progress.images,
            "loss": told.get("loss", math.nan),
            **judgement.values,
        }
        add_line(self._run / LOG, epoch + 1, line)
        # The weights go last: killed before, the epoch is run again and comes out the same.
        progress_file.save(self.model, self.progress, self._run / LAST)
        self._say(
            f"epoch {epoch + 1}: PublicTest {as_line(judgement)}{' (best so far)' if best else ''}"
        )
        told.update(judgement.values)  # for callbacks after this one, such as TensorBoard's
        if self.progress.ended:
            self.model.stop_training = True

    def _count(self, epoch: int, best: bool) -> None:
        now = self.progress
        now.epoch = epoch + 1
        now.stale = 0 if best else now.stale + 1
        now.waited = 0 if best else now.waited + 1
        if self._recipe.schedule == "plateau" and ends_after(now.waited):
            now.cuts, now.waited = now.cuts + 1, 0
        last_stage = self.stage.end == self._recipe.epochs  # an earlier one hands over instead
        if self._recipe.patience and now.stale >= self._recipe.patience and last_stage:
            now.ended = now.ended or "patience"

    def _judge_averaged(self) -> tuple[Judgement, bool]:
        """Score the averaged weights, save them if they are the best, put the raw ones back."""
        variables = self.model.trainable_variables
        raw = [np.array(keras.ops.convert_to_numpy(v)) for v in variables]
        self.model.optimizer.finalize_variable_values(variables)
        for variable in variables:
            # On JAX the average and the weight are now one buffer, which predicting gives away.
            variable.assign(np.array(keras.ops.convert_to_numpy(variable)))
        judgement = self._judge.judge(self._network)
        best = judgement.mean_accuracy > self.progress.best
        if best:
            self.progress.best = judgement.mean_accuracy
            with replacing(self._run / BEST) as beside:
                self._saved().save(beside)
        for variable, value in zip(variables, raw, strict=True):
            variable.assign(value)
        return judgement, best

    def _set_rate(self, rate: float) -> None:
        self.model.optimizer.learning_rate = rate
