"""A Keras model in; checked files and their card out, or nothing at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from convert import onnx_int8, tflite, verify
from convert.card import card, operating_points, shortened
from convert.data_audit import with_originals_only
from convert.representative import representative_faces
from edge.errors import OutputError
from edge.versions import versions
from edge.vision.expression import ExpressionModel, load_model
from train.audit import leaked
from train.data import TEST_SPLITS, FaceSet, soft_targets
from train.evaluate import predict
from train.metrics import fit_temperature, score_both
from train.task import Task, task_of

VERSIONS = ("keras", "tensorflow-cpu", "tensorflow", "ai-edge-litert", "onnxruntime", "numpy")


def convert(
    model: keras.Model,
    splits: dict[str, FaceSet],
    out: Path,
    name: str,
    trained: dict[str, Any],
    max_drop: float = verify.MAX_DROP,
    say: Callable[[str], None] = print,
    audit: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Write `<name>-float32.tflite`, `<name>-int8.tflite`, `<name>-int8.onnx` and `<name>.json`.

    The number of the model's outputs tells its task; the faces are relabelled for it, and those
    outside it left out.

    Everything is made and checked in a folder of its own and moved to `out` at the end, the card
    last; a move that is interrupted leaves a card whose hashes do not agree, which is refused.

    Args:
        splits: As `train.data.load` returns them, with seven emotions.
        trained: How the model was trained, for the card.
        audit: What `convert.data_audit.summary` kept of the data's audit, for the card.

    Returns:
        The card.

    Raises:
        ConversionError: a file does not do what the Keras model does.
        DataError: no task has as many labels as the model has outputs, or a class has no face.
        OutputError: the files cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        workshop = Path(tempfile.mkdtemp(prefix=".convert-", dir=out))
    except OSError as error:
        raise OutputError(f"{out}: cannot be written to ({error.strerror})") from error
    try:
        task = task_of(model.output_shape[1])
        if left_out := sum(map(task.outside, splits.values())):
            say(f"{left_out} faces are neither {' nor '.join(task.labels)}: left out")
        asked = {split: task.faces(faces) for split, faces in splits.items()}
        said = {"trained": trained} | ({"data_audit": audit} if audit else {})
        told = _convert(model, task, asked, workshop, name, said, max_drop, say)
        for file in (*told["files"], f"{name}.json"):
            (workshop / file).replace(out / file)
    except OSError as error:
        raise OutputError(f"{out}: cannot be written to ({error.strerror or error})") from error
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    return told


def _convert(
    model: keras.Model,
    task: Task,
    splits: dict[str, FaceSet],
    folder: Path,
    name: str,
    said: dict[str, Any],
    max_drop: float,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """The files and their card, in which `said` is told of how the model came about."""
    size = model.input_shape[1]
    faces = representative_faces(splits["Training"], size)
    files = {
        f"{name}-float32.tflite": {"format": "tflite", "precision": "float32"},
        f"{name}-int8.tflite": {"format": "tflite", "precision": "int8"},
        f"{name}-int8.onnx": {"format": "onnx", "precision": "int8"},
    }
    say("converting to float32 TFLite ...")
    (folder / f"{name}-float32.tflite").write_bytes(tflite.float32(model))
    say(f"quantising to int8 TFLite with {len(faces)} faces ...")
    (folder / f"{name}-int8.tflite").write_bytes(tflite.int8(model, faces))
    say("quantising to int8 ONNX with the same faces ...")
    (folder / f"{name}-int8.onnx").write_bytes(onnx_int8.int8(model, faces, folder))

    public = splits["PublicTest"]
    reference = predict(model, public.images)
    temperature = fit_temperature(reference, soft_targets(public))
    told = card(name, task, size, temperature, files, folder, said["trained"])
    _write_card(told, folder)
    say("checking the files on PublicTest, scoring them on PrivateTest ...")
    loaded = {file: load_model(folder / file) for file in files}
    _check(loaded, reference, public, f"{name}-float32.tflite", max_drop)
    copies = leaked(splits)
    for file, runtime_model in loaded.items():
        read = {split: _read(runtime_model, splits[split]) for split in TEST_SPLITS}
        told["files"][file]["metrics"] = {
            split: _scored(read[split], splits[split], copies[split]) for split in TEST_SPLITS
        }
        if file == f"{name}-int8.tflite":
            points = operating_points(read["PublicTest"], public)
    told["operating_points"] = {"chosen_on": "PublicTest", **points}
    told |= said | {"made_with": versions(VERSIONS)}
    _write_card(told, folder)
    return told


def _check(
    loaded: dict[str, ExpressionModel],
    reference: NDArray[np.float32],
    public: FaceSet,
    float_name: str,
    max_drop: float,
) -> None:
    """Hold every file against the Keras model, and the int8 ONNX file against the int8 TFLite."""
    told: dict[str, NDArray[np.float32]] = {}
    for name, model in loaded.items():
        verify.check_steady(model, public)
        told[name] = model.logits(list(public.images))
        if name == float_name:
            verify.check_parity(reference, told[name], name)
        else:
            verify.check_drop(reference, told[name], public, name, max_drop)
        if name.endswith("int8.tflite"):
            verify.check_all_int8(model.path)
    tflite_name, onnx_name = (name for name in told if name != float_name)
    verify.check_drop(told[tflite_name], told[onnx_name], public, onnx_name, max_drop)
    verify.check_drop(told[onnx_name], told[tflite_name], public, tflite_name, max_drop)


def _scored(read: NDArray[np.float32], faces: FaceSet, copied: NDArray[np.bool_]) -> dict[str, Any]:
    """What the card keeps of a split, and what faces with a copy in Training are worth."""
    return with_originals_only(shortened(score_both(read, faces)), read, faces, copied)


def _read(model: ExpressionModel, faces: FaceSet) -> NDArray[np.float32]:
    return model.predict(list(faces.images))


def _write_card(told: dict[str, Any], folder: Path) -> None:
    (folder / f"{told['name']}.json").write_text(json.dumps(told, indent=1) + "\n")
