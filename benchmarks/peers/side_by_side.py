"""Every loop on the same frames, in turns, in one process; then its network on the same faces."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2

from benchmarks.machine import Watch
from benchmarks.peers.frames import Shown, visitor_frames
from benchmarks.peers.loops import OURS, Loop, all_loops
from benchmarks.progress import progress
from benchmarks.timing import percentiles
from train.data import FaceSet
from train.metrics import score_both

WARM_UP = 5  # frames; lazy set-up is not the loop's cost
BLOCK = 10  # frames that one loop looks at before it is the next one's turn
SPLIT = "PrivateTest"
SCORES = ("n", "accuracy", "accuracy_95", "macro_f1", "anger_recall", "anger_precision")


def measure(
    count: int,
    say: Callable[[str], None],
    faces: FaceSet | None = None,
    fer_model: Path | None = None,
) -> dict[str, Any]:
    """CPU milliseconds a frame of each loop, all on one thread.

    Args:
        count: Frames that are counted.
        say: Told what is being done.
        faces: Labelled faces for each loop's network to read as ready crops.
        fer_model: The TFLite file of the package `fer`.

    Returns:
        `frames`, `faces` (how many were read, 0 without), `notes`, `condition`, and by name
        `loops`: `cpu_ms` (mean), `p50_ms`, `p90_ms`, `times_ours`, `found` (share of the drawn
        faces that it told of), `false_faces` (in all frames), `about`, `scores` (by label set).

    Raises:
        ModelError: a model file cannot be used.
    """
    say("loading the loops ...")
    with _one_thread():
        loops, notes = all_loops(fer_model)
        shown = visitor_frames(WARM_UP + count)
        watch = Watch()
        spent, told = _in_turns(loops, shown)
        condition = watch.end()
    results = {
        loop.name: {
            **_result(spent[loop.name], told[loop.name], shown[WARM_UP:]),
            "about": loop.about,
        }
        for loop in loops
    }
    for result in results.values():
        result["times_ours"] = result["cpu_ms"] / results[OURS]["cpu_ms"]
    if faces is not None:
        for loop in progress(loops, "faces"):
            results[loop.name]["scores"] = _scores(loop, faces)
    return {
        "frames": count,
        "faces": len(faces) if faces is not None else 0,
        "notes": notes,
        "condition": condition,
        "loops": results,
    }


@contextmanager
def _one_thread() -> Iterator[None]:
    """OpenCV on one thread inside the block."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _in_turns(
    loops: Sequence[Loop], shown: Sequence[Shown]
) -> tuple[dict[str, list[float]], dict[str, list[Any]]]:
    """CPU milliseconds and boxes of each loop and frame, those for warming up left out.

    The loops take turns every few frames, and another one begins each time, so that a machine that
    is slower for a while is slower for all of them.
    """
    spent: dict[str, list[float]] = {loop.name: [] for loop in loops}
    told: dict[str, list[Any]] = {loop.name: [] for loop in loops}
    starts = range(0, len(shown), BLOCK)
    for turn, start in enumerate(progress(starts, f"frames, {BLOCK} at a time")):
        first = turn % len(loops)
        for loop in (*loops[first:], *loops[:first]):
            for one in shown[start : start + BLOCK]:
                given = loop.given(one.frame)
                before = time.process_time()
                boxes = loop.look(given)
                spent[loop.name].append(1000 * (time.process_time() - before))
                told[loop.name].append(boxes)
    return (
        {name: times[WARM_UP:] for name, times in spent.items()},
        {name: boxes[WARM_UP:] for name, boxes in told.items()},
    )


def _result(spent: list[float], told: list[Any], shown: Sequence[Shown]) -> dict[str, Any]:
    pairs = list(zip(shown, told, strict=True))
    spread = percentiles(spent)
    return {
        "cpu_ms": spread.pop("mean_ms"),
        **spread,
        "found": sum(one.found(boxes) for one, boxes in pairs) / sum(len(s.faces) for s in shown),
        "false_faces": sum(one.false(boxes) for one, boxes in pairs),
    }


def _scores(loop: Loop, faces: FaceSet) -> dict[str, Any]:
    both = score_both(loop.read(list(faces.images)), faces)
    return {
        labels: {name: scores[name] for name in SCORES if name in scores}
        for labels, scores in both.items()
    }
