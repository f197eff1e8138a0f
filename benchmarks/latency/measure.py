"""Files, then stages and whole frames, on a machine that is watched meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2

from benchmarks.latency.files import measure_files
from benchmarks.latency.plan import FACES, FULL, SIZES, Plan, default_threads
from benchmarks.latency.scenes import measure_scenes
from benchmarks.machine import Watch
from benchmarks.result import Figure
from edge.vision.card import DEFAULT_CARD, read_card
from edge.vision.expression import load_model

TYPICAL = "640x480"


def measure(
    card_path: Path = DEFAULT_CARD,
    sizes: Sequence[tuple[int, int]] = SIZES,
    faces: Sequence[int] = FACES,
    threads: Sequence[int] = (),
    plan: Plan = FULL,
) -> dict[str, Any]:
    """Time everything between a camera's bytes and an alert.

    Args:
        card_path: The model card whose files are read with.
        sizes: Width and height of frames, in pixels.
        faces: Numbers of faces in a frame.
        threads: Of the interpreters; 1, 2 and 4 as far as there are cores if empty.
        plan: How long to stay at it.

    Raises:
        ModelError: the card or its int8 file cannot be used.
    """
    card, model = read_card(card_path), load_model(card_path)
    watch = Watch()
    files = measure_files(card, threads or default_threads(), plan)
    scenes = measure_scenes(model, sizes, faces, plan)
    return {
        "files": files,
        "scenes": scenes,
        "model": f"{model.path.name} on {model.runtime}",
        "opencv_threads": cv2.getNumThreads(),
        "condition": watch.end(),
    }


def figures(measured: dict[str, Any]) -> list[Figure]:
    """p50 and p99 of each file on one thread; CPU a frame of each size, and how many a second."""
    found = [
        Figure(f"{row['file']}/{row['runtime']}/{name}", row[f"{name}_ms"], "ms")
        for row in measured["files"]["rows"]
        if row["threads"] == 1
        for name in ("p50", "p99")
    ]
    for scene in measured["scenes"]:
        name = f"{scene['size']}/{_faces(scene['faces'])}"
        if scene["faces"] == 1:
            found.append(Figure(f"{name}/cpu", scene["cpu_ms"], "ms a frame"))
        if scene["size"] == TYPICAL:
            rate = scene["frames_a_second"]
            found.append(Figure(f"{name}/sustained", rate, "frames a second", "higher"))
    return found


def _faces(count: int) -> str:
    return f"{count} face" if count == 1 else f"{count} faces"
