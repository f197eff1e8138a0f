"""One model made into files, held against the float model, scored and described."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from convert import representative
from convert.beside import write_beside
from convert.card import card, operating_points, shortened
from convert.data_audit import with_originals_only
from convert.formats import preferred
from convert.keep_float import at_work
from convert.make import ADVICE, make, shortened_line
from convert.plan import Plan
from convert.proof import FloatModel
from convert.subgroups import card_subgroups
from convert.verify import ConversionError, verify
from edge.errors import ModelError
from edge.versions import versions
from edge.vision.expression import ExpressionModel, load_model
from train.audit import leaked
from train.data import TEST_SPLITS, FaceSet, soft_targets
from train.evaluate import predict
from train.metrics import fit_temperature, score_both
from train.task import Task

VERSIONS = ("keras", "tensorflow-cpu", "tensorflow", "ai-edge-litert", "onnxruntime", "numpy")


@dataclass(frozen=True)
class Job:
    """What all attempts at one conversion share.

    Attributes:
        splits: With the labels of the task.
        folder: Where files are made.
        name: What they begin with.
        given: (n, k) logits on PublicTest of the model that was given.
        chosen: Indices of the representative faces in Training.
        ranges: The same faces, (m, size, size, 1) uint8.
    """

    task: Task
    splits: dict[str, FaceSet]
    folder: Path
    name: str
    plan: Plan
    given: NDArray[np.float32]
    chosen: representative.Indices
    ranges: NDArray[np.uint8]


def job_of(
    model: keras.Model,
    task: Task,
    splits: dict[str, FaceSet],
    folder: Path,
    name: str,
    plan: Plan,
) -> Job:
    """The job of converting `model` by `plan`.

    Raises:
        ConversionError: the model has no layer of a name that is to stay float.
        DataError: the representative faces cannot be taken from these.
    """
    at_work(model, plan.keep_float)  # before anything that takes minutes
    training = splits["Training"]
    chosen = (
        representative.read(plan.pinned, training)
        if plan.pinned
        else representative.choose(training)
    )
    ranges = representative.prepared(training, chosen, model.input_shape[1])
    given = predict(model, splits["PublicTest"].images)
    return Job(task, splits, folder, name, plan, given, chosen, ranges)


def attempt(
    model: keras.Model, job: Job, said: Mapping[str, Any], say: Callable[[str], None]
) -> tuple[dict[str, Any], list[str]]:
    """Write the files of `model`, the one that was given or one made of it, and their card.

    Args:
        said: How the model came about, for the card.

    Returns:
        The card, and the names of the files that are neither models nor the card.

    Raises:
        ConversionError: a file cannot be made, or does not do what the model does.
    """
    make(model, job.plan, job.name, job.ranges, job.folder, say)
    public = job.splits["PublicTest"]
    logits = predict(model, public.images)
    targets = soft_targets(public, labels=job.plan.labels)
    temperature = fit_temperature(logits, targets)
    reference = FloatModel(public, logits, job.given, temperature)
    told = _card(job, model.input_shape[1], temperature, said)
    _write(told, job.folder)  # a file is loaded by its card
    loaded = {file: _loaded(job.folder / file) for file in told["files"]}
    say("holding the files against the float model on PublicTest ...")
    kept = at_work(model, job.plan.keep_float)
    for file, one in loaded.items():
        proof = verify(one, reference, job.plan.max_drop, kept)
        told["files"][file]["proof"] = proof.told()
    say("scoring them on PublicTest and PrivateTest ...")
    _score(told, loaded, job)
    beside, names = write_beside(
        job.folder, job.name, job.splits["Training"], job.chosen, job.ranges, loaded, job.plan.batch
    )
    kept_float = {"keep_float": list(kept)} if kept else {}
    told |= beside | kept_float | dict(said) | {"made_with": versions(VERSIONS)}
    _write(told, job.folder)
    return told, names


def _loaded(path: Path) -> ExpressionModel:
    try:
        return load_model(path)
    except ModelError as error:
        reason = shortened_line(str(error.__cause__ or error))
        raise ConversionError(
            f"{path.name}: cannot be made of this model: the interpreter refuses it ({reason}); "
            f"{ADVICE}"
        ) from error


def _card(job: Job, size: int, temperature: float, said: Mapping[str, Any]) -> dict[str, Any]:
    files = {
        one.file(job.name): {"format": one.container, "precision": one.precision}
        for one in job.plan.formats
    }
    return card(
        job.name, job.task, size, temperature, files, job.folder, said["trained"], job.plan.labels
    )


def _score(told: dict[str, Any], loaded: Mapping[str, ExpressionModel], job: Job) -> None:
    """Add each file's `metrics`; of the one a device takes `operating_points` and `subgroups`."""
    copies = leaked(job.splits)
    watched = preferred(job.plan.formats).file(job.name)
    for file, model in loaded.items():
        read = {
            split: model.predict(list(faces.images))
            for split, faces in job.splits.items()
            if split in TEST_SPLITS
        }
        told["files"][file]["metrics"] = {
            split: _scored(read[split], job.splits[split], copies[split]) for split in TEST_SPLITS
        }
        if file == watched:
            points = operating_points(read["PublicTest"], job.splits["PublicTest"])
            told["operating_points"] = {"chosen_on": "PublicTest", "file": file, **points}
            unseen = job.splits["PrivateTest"]
            told["subgroups"] = card_subgroups(model, read["PrivateTest"], unseen, "PrivateTest")


def _scored(read: NDArray[np.float32], faces: FaceSet, copied: NDArray[np.bool_]) -> dict[str, Any]:
    """What the card keeps of a split, and what faces with a copy in Training are worth."""
    return with_originals_only(shortened(score_both(read, faces)), read, faces, copied)


def _write(told: dict[str, Any], folder: Path) -> None:
    (folder / f"{told['name']}.json").write_text(json.dumps(told, indent=1) + "\n")
