"""A Keras model in; checked files and their card out, or nothing at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from convert.attempt import Job, attempt, job_of
from convert.aware import fine_tune
from convert.formats import ENDINGS
from convert.plan import Plan
from convert.verify import AccuracyError
from convert.workshop import move, workshop
from train.data import FaceSet
from train.task import task_of

Say = Callable[[str], None]
LEFT = (*ENDINGS, "golden.npz", "layers.csv", "layers.png", "representative.csv")
BATCHES = r"(float32|int8)-batch\d+\.onnx"


def convert(
    model: keras.Model,
    splits: dict[str, FaceSet],
    out: Path,
    name: str,
    trained: dict[str, Any],
    plan: Plan | None = None,
    say: Say = print,
    audit: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the plan's files of a model, what belongs beside them, and the card `<name>.json`.

    The number of the model's outputs tells its task; the faces are relabelled for it, and those
    outside it left out.

    Everything is made and checked in a folder of its own and moved to `out` at the end, the card
    last. If that fails or is interrupted, what was in `out` before is put back.

    Args:
        splits: As `train.data.load` returns them, with seven emotions.
        trained: How the model was trained, for the card.
        plan: What to make and how; all formats by default.
        audit: What `convert.data_audit.summary` kept of the data's audit, for the card.

    Returns:
        The card.

    Raises:
        ConversionError: a file cannot be made, or does not do what the Keras model does.
        DataError: no task has as many labels as the model has outputs, a class has no face, or
            the plan's list of representative faces is not of these.
        OutputError: the files cannot be written.
    """
    with workshop(out) as folder:
        task = task_of(model.output_shape[1])
        if left_out := sum(map(task.outside, splits.values())):
            say(f"{left_out} faces are neither {' nor '.join(task.labels)}: left out")
        asked = {split: task.faces(faces) for split, faces in splits.items()}
        said = {"trained": trained} | ({"data_audit": audit} if audit else {})
        job = job_of(model, task, asked, folder, name, plan or Plan())
        told, beside = _converted(model, job, said, say)
        written = (*told["files"], *beside, f"{name}.json")
        move(folder, out, written)
    for path in sorted(out.iterdir()):
        if path.name not in written and _is_of_a_conversion(path.name, name):
            say(f"{path}: of an earlier conversion; no card names it any more")
    return told


def _is_of_a_conversion(file: str, name: str) -> bool:
    """Whether a conversion to `name` could have written it, and none to a longer name."""
    ending = file.removeprefix(f"{name}-")
    return file != ending and (ending in LEFT or re.fullmatch(BATCHES, ending) is not None)


def _converted(
    model: keras.Model, job: Job, said: dict[str, Any], say: Say
) -> tuple[dict[str, Any], list[str]]:
    """The card, in which `said` is told of how the model came about, and what lies beside it.

    Fine-tunes the model first where the plan wants it.
    """
    plan = job.plan
    if plan.aware == "always":
        return _fine_tuned(model, job, said, "asked for", say)
    try:
        return attempt(model, job, said, say)
    except AccuracyError as error:
        if plan.aware == "never":
            raise
        why = str(error).split(";", maxsplit=1)[0]
    say(why)
    return _fine_tuned(model, job, said, why, say)


def _fine_tuned(
    model: keras.Model, job: Job, said: dict[str, Any], why: str, say: Say
) -> tuple[dict[str, Any], list[str]]:
    minutes = job.plan.aware_minutes
    say(f"fine-tuning with quantisation in the loop, {minutes:g} minutes at the most ...")
    tuned = fine_tune(model, job.splits, minutes=minutes, say=say)
    return attempt(tuned, job, said | {"aware": {"why": why, "minutes": minutes}}, say)
