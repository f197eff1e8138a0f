"""CPU time a frame beside the loops that people write, on the same frames, in the same process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from benchmarks.result import Figure
from edge.camera.base import Frame
from edge.camera.demo import DemoCamera
from edge.pipeline import Pipeline
from edge.vision.card import DEFAULT_CARD, read_card
from edge.vision.detect import CASCADE, Detector
from edge.vision.expression import ExpressionModel, load_model
from edge.vision.face import Box, crop

Loop = Callable[[Frame], object]


def visitor_frames(count: int) -> list[Frame]:
    """`count` 640x480 frames at 10 a second, from 2 s to 17 s of the play: one visitor in each."""
    camera = DemoCamera("?pace=off&loop=on")
    frames: list[Frame] = []
    while len(frames) < count:
        frame = camera.read()
        assert frame is not None  # it loops
        if 2.0 <= frame.timestamp % 20.0 < 17.0:
            frames.append(Frame(frame.gray, len(frames) / 10, len(frames)))
    return frames


def measure(count: int, say: Callable[[str], None]) -> dict[str, Any]:
    """CPU milliseconds a frame of each loop, all on one thread.

    Returns:
        `{"frames": n, "loops": {name: {"cpu_ms": mean, "p50_ms", "p90_ms", "about": text}}}`
    """
    cv2.setNumThreads(1)
    frames = visitor_frames(count)
    loops: dict[str, Any] = {}
    for name, about, loop in (_edge(), _package_path(), _first_loop()):
        say(f"{name}: {len(frames)} frames ...")
        loops[name] = {**_timed(loop, frames), "about": about}
    return {"frames": len(frames), "loops": loops}


def as_text(measured: dict[str, Any]) -> str:
    """A Markdown table with the ratio to the first row."""
    loops = measured["loops"]
    own = next(iter(loops.values()))["cpu_ms"]
    lines = [
        "| loop | CPU ms a frame | p50 | p90 | times edge-run | how |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in loops.items():
        lines.append(
            f"| {name} | {found['cpu_ms']:.2f} | {found['p50_ms']:.2f} | {found['p90_ms']:.2f} | "
            f"{found['cpu_ms'] / own:.1f} | {found['about']} |"
        )
    return "\n".join(lines)


def figures(measured: dict[str, Any]) -> list[Figure]:
    """CPU time a frame of each loop."""
    return [
        Figure(f"{name}/cpu", found["cpu_ms"], "ms a frame")
        for name, found in measured["loops"].items()
    ]


def _timed(loop: Loop, frames: list[Frame]) -> dict[str, float]:
    for frame in frames[:3]:  # lazy set-up is not the loop's cost
        loop(frame)
    spent = []
    for frame in frames:
        start = time.process_time()
        loop(frame)
        spent.append(1000 * (time.process_time() - start))
    p50, p90 = np.percentile(spent, (50, 90))
    return {"cpu_ms": float(np.mean(spent)), "p50_ms": float(p50), "p90_ms": float(p90)}


def _edge() -> tuple[str, str, Loop]:
    pipeline = Pipeline(Detector(), load_model())
    return "edge-run", "the shipped pipeline and int8 file", pipeline.step


def _package_path() -> tuple[str, str, Loop]:
    """What the most used package of this field does with a frame."""
    model = _float_model()
    cascade = cv2.CascadeClassifier(str(CASCADE))

    def loop(frame: Frame) -> None:
        boxes = cascade.detectMultiScale(
            frame.gray, scaleFactor=1.1, minNeighbors=5, minSize=(50, 50)
        )
        for box in boxes:
            model.predict([crop(frame.gray, Box(*map(int, box)))])

    return "package's path", "Haar 1.1, floor 50 px, a float TFLite every frame", loop


def _first_loop() -> tuple[str, str, Loop]:
    """The loop that people write first."""
    cascade = cv2.CascadeClassifier(str(CASCADE))
    predict, how = _keras_predict()

    def loop(frame: Frame) -> None:
        for box in cascade.detectMultiScale(frame.gray, scaleFactor=1.1, minNeighbors=5):
            predict(crop(frame.gray, Box(*map(int, box))))

    return "first loop", f"Haar 1.1 on the whole frame, no floor, {how} every frame", loop


def _float_model() -> ExpressionModel:
    return load_model(read_card(DEFAULT_CARD).pick("tflite", "float32"))


def _keras_predict() -> tuple[Callable[[np.ndarray[Any, Any]], object], str]:
    """Keras `predict` on the float network where Keras is installed, else the float TFLite."""
    try:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        for pool in ("INTRA", "INTER"):  # as all the loops here: one thread
            os.environ[f"TF_NUM_{pool}OP_THREADS"] = "1"
        import keras  # noqa: F401 -- whether it is there must be known here

        from train.architectures import build
    except ImportError:
        model = _float_model()
        return lambda face: model.predict([face]), "float TFLite (Keras is not installed here)"
    card = read_card(DEFAULT_CARD)
    size = card.input_size
    # its time does not depend on what the weights are
    network = build("mobilenetv2", len(card.labels), size)

    def predict(face: np.ndarray[Any, Any]) -> object:
        return network.predict(cv2.resize(face, (size, size))[None, :, :, None], verbose=0)

    return predict, "Keras predict"
