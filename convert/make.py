"""Making the files of a plan in a folder, unchecked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from convert import onnx_files, tflite
from convert.formats import Format
from convert.plan import Plan
from convert.verify import ConversionError
from edge.errors import EdgeError
from edge.message import one_line
from edge.quiet import native_stderr_discarded

SAID = {
    "float32": "converting to {}",
    "float16": "converting to {}, weights of float16",
    "dynamic": "converting to {}, weights of int8",
    "int8": "quantising to {} with the ranges of {} faces",
}
ADVICE = "leave it out of --formats, or build the model of layers that edge-train knows"
LONGEST = 200  # of what a converter says of its failure; the rest is its own stack


def make(
    model: keras.Model,
    plan: Plan,
    name: str,
    faces: NDArray[np.uint8],
    folder: Path,
    say: Callable[[str], None],
) -> None:
    """Write the plan's files of the model `name` to `folder`.

    Args:
        faces: (n, size, size, 1) from which int8 takes its ranges.

    Raises:
        ConversionError: a converter cannot make one; says why, in its words.
        OSError: one cannot be written.
    """
    for one in plan.formats:
        say(SAID[one.precision].format(one.file(name), len(faces)) + " ...")
        try:
            with native_stderr_discarded():  # TensorFlow's C++ talks to itself
                content = _content(model, one, plan, faces, folder)
        except (EdgeError, OSError, MemoryError):
            raise
        except Exception as error:  # each converter has its own idea of an error
            raise ConversionError(
                f"{one.file(name)}: cannot be made of this model "
                f"({type(error).__name__}: {shortened_line(str(error))}); {ADVICE}"
            ) from error
        (folder / one.file(name)).write_bytes(content)


def _content(
    model: keras.Model, one: Format, plan: Plan, faces: NDArray[np.uint8], folder: Path
) -> bytes:
    if one.ending == "int8.tflite":
        return tflite.int8(model, faces, plan.keep_float)
    if one.ending == "int8.onnx":
        return onnx_files.int8(model, faces, folder, plan.keep_float)
    if one.ending == "float32.onnx":
        return onnx_files.float32(model, folder)
    plain = {"float32": tflite.float32, "float16": tflite.float16, "dynamic": tflite.dynamic}
    return plain[one.precision](model)


def shortened_line(text: str) -> str:
    """The line that tells what was wrong, of a message that may be pages long."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "rror" in line or "not" in line.lower().split()]
    told = one_line((telling or lines or ["it does not say why"])[0])
    return told if len(told) <= LONGEST else told[:LONGEST].rstrip() + "..."
