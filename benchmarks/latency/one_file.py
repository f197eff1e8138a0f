"""One model file in one interpreter, in a process of its own."""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import cv2

from edge.camera.demo import FACES
from edge.quiet import native_stderr_discarded
from edge.vision.card import find_card
from edge.vision.expression import MODULES, ExpressionModel, build_network
from edge.vision.face import Gray

FACE = 160  # side of the face in pixels, as in a 640x480 frame of a visitor at the desk
WARM_UP = 10  # calls until caches and clocks have settled
FEWEST = 20


def one_file(path: Path, runtime: str, threads: int, calls: int, seconds: float) -> dict[str, Any]:
    """Load the file, read a face for the first time, then again and again.

    The interpreter's own library is imported before: that is the start of a program, not of a
    model. Call this in a fresh process, or the first time is not the first.

    Returns:
        `load_ms` (reading, hash, building the interpreter), `first_ms` (the first face), `spent`
        (milliseconds of each of the later ones), `cpu_ms` (mean CPU time of a later one).
    """
    importlib.import_module(MODULES[runtime])
    face = visitor_face()
    start = time.perf_counter()
    with native_stderr_discarded():
        model = _load(path, runtime, threads)
        loaded = time.perf_counter()
        model.predict([face])
    first = time.perf_counter()
    for _ in range(WARM_UP):
        model.predict([face])
    return {
        "load_ms": 1000 * (loaded - start),
        "first_ms": 1000 * (first - loaded),
        **_again_and_again(model, face, calls, seconds),
    }


def visitor_face() -> Gray:
    """The built-in visitor's calm face, (160, 160) uint8."""
    face = cv2.imread(str(FACES / "neutral.png"), cv2.IMREAD_GRAYSCALE)
    if face is None:
        raise FileNotFoundError(FACES / "neutral.png")
    return cv2.resize(face, (FACE, FACE), interpolation=cv2.INTER_CUBIC)  # type: ignore[return-value]


def _load(path: Path, runtime: str, threads: int) -> ExpressionModel:
    """As `load_model`, but without its trial run, after which no call is the first."""
    card = find_card(path)
    network = build_network(card.verified(path), runtime, threads)
    return ExpressionModel(card, path, runtime, network)


def _again_and_again(
    model: ExpressionModel, face: Gray, calls: int, seconds: float
) -> dict[str, Any]:
    spent: list[float] = []
    cpu, end = time.process_time(), time.perf_counter() + seconds
    while len(spent) < calls and (len(spent) < FEWEST or time.perf_counter() < end):
        start = time.perf_counter()
        model.predict([face])
        spent.append(1000 * (time.perf_counter() - start))
    return {"spent": spent, "cpu_ms": 1000 * (time.process_time() - cpu) / len(spent)}


def child() -> None:
    """The measured process: its only argument is JSON, and so is its answer."""
    asked = json.loads(sys.argv[1])
    print(json.dumps(one_file(Path(asked.pop("path")), **asked)))
