"""Stages and whole frames, by the frame's size and the number of faces in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import cv2
import numpy as np

from benchmarks.latency.looking import Look, Looking
from benchmarks.latency.plan import Plan
from benchmarks.latency.scene import FPS, as_mjpeg, as_yuyv, back_and_forth, draw
from benchmarks.progress import progress
from benchmarks.timing import percentiles
from edge.camera.gray import to_gray
from edge.vision.detect import DetectionConfig, shrunk
from edge.vision.expression import ExpressionModel
from edge.vision.face import Gray
from edge.vision.motion import SIZE

WARM_UP = 5  # frames until the visitors are known and every library has set itself up
STAGES = (
    "decode",
    "motion",
    "detect_full",
    "detect_near",
    "track",
    "crop",
    "classify",
    "rule",
)


def measure_scenes(
    model: ExpressionModel,
    sizes: Sequence[tuple[int, int]],
    faces: Sequence[int],
    plan: Plan,
) -> list[dict[str, Any]]:
    """One row for each size and number of faces."""
    scenes = [(width, height, count) for width, height in sizes for count in faces]
    return [_scene(model, *scene, plan) for scene in progress(scenes, "frames")]


def _scene(
    model: ExpressionModel, width: int, height: int, faces: int, plan: Plan
) -> dict[str, Any]:
    drawn = draw(width, height, faces, plan.drawn)
    sent = [as_mjpeg(gray) for gray in drawn]
    looking = Looking(model)
    looks = [
        looking.look(raw, index / FPS)
        for index, raw in enumerate(islice(back_and_forth(sent), WARM_UP + plan.frames))
    ][WARM_UP:]
    forms = {"mjpeg": sent, "yuyv": [as_yuyv(gray) for gray in drawn], "grey": drawn}
    decode = {name: _spent(to_gray, frames) for name, frames in forms.items()}
    return {
        "size": f"{width}x{height}",
        "width": width,
        "height": height,
        "faces": faces,
        "frames": len(looks),
        "seen": float(np.mean([look.seen for look in looks])),
        "frame": percentiles([look.frame_ms for look in looks]),
        "stages": {name: _stage(name, looks) for name in STAGES},
        "decode": decode,
        "shrink": {"motion": _spent(_shrink_for_motion, drawn), "full": _spent(_shrink, drawn)},
        **_cpu(looks, decode),
        "frames_a_second": _sustained(model, sent, plan.sustained),
    }


def _stage(name: str, looks: Sequence[Look]) -> dict[str, float]:
    """Its share of the frames, its milliseconds when it runs, and its mean over all frames."""
    spent = [look.stages[name] for look in looks if name in look.stages]
    if not spent:
        return {"share": 0.0, "a_frame_ms": 0.0}
    return {
        "share": len(spent) / len(looks),
        "a_frame_ms": sum(spent) / len(looks),
        **percentiles(spent),
    }


def _cpu(looks: Sequence[Look], decode: dict[str, dict[str, float]]) -> dict[str, float]:
    """CPU milliseconds a frame: from a camera that sends MJPEG, and from one that sends YUYV."""
    whole = float(np.mean([look.cpu_ms for look in looks]))
    without = whole - float(np.mean([look.decode_cpu_ms for look in looks]))
    return {"cpu_ms": whole, "cpu_yuyv_ms": without + decode["yuyv"]["cpu_ms"]}


def _sustained(model: ExpressionModel, sent: Sequence[Gray], seconds: float) -> float:
    """Frames a second without a pause, each stamped with the moment it is taken."""
    looking, frames = Looking(model), back_and_forth(sent)
    start = time.perf_counter()
    for raw in islice(frames, WARM_UP):
        looking.look(raw, time.perf_counter() - start)
    begin, count = time.perf_counter(), 0
    while (now := time.perf_counter()) - begin < seconds:
        looking.look(next(frames), now - start)
        count += 1
    return count / (time.perf_counter() - begin)


def _spent(work: Callable[[Any], object], given: Sequence[Any]) -> dict[str, float]:
    work(given[0])
    spent = []
    cpu = time.process_time()
    for one in given:
        start = time.perf_counter()
        work(one)
        spent.append(1000 * (time.perf_counter() - start))
    return {**percentiles(spent), "cpu_ms": 1000 * (time.process_time() - cpu) / len(spent)}


def _shrink_for_motion(gray: Gray) -> object:
    """The call with which `MotionGate.moved` begins."""
    return cv2.resize(gray, SIZE, interpolation=cv2.INTER_AREA)


def _shrink(gray: Gray) -> object:
    """The call with which `Detector.full` begins."""
    return shrunk(gray, min(1.0, DetectionConfig().width / gray.shape[1]))
