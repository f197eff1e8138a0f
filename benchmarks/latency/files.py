"""Every file of a card in every interpreter that is installed, by number of threads."""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.latency.one_file import MODULES
from benchmarks.latency.plan import Plan
from benchmarks.progress import progress
from benchmarks.timing import percentiles
from edge.message import one_line
from edge.vision.card import ModelCard

CHILD = "from benchmarks.latency.one_file import child; child()"
FITTING = {"tflite": ("litert", "tflite"), "onnx": ("onnx",)}


def measure_files(card: ModelCard, threads: Sequence[int], plan: Plan) -> dict[str, Any]:
    """Milliseconds of one face, of the first call and of loading.

    Each round starts one process for each combination, so that a machine that grows warm grows
    warm for all of them.

    Returns:
        `rows`, one a combination, and `skipped`, a line for each that does not run here.
    """
    combinations = [
        {"file": name, "runtime": runtime, "threads": count}
        for name, about in card.files.items()
        for runtime in FITTING[about["format"]]
        if find_spec(MODULES[runtime].partition(".")[0])
        for count in threads
    ]
    answers: list[list[dict[str, Any]]] = [[] for _ in combinations]
    turns = [index for _ in range(plan.processes) for index in range(len(combinations))]
    skipped: dict[str, None] = {}
    for index in progress(turns, "model files"):
        try:
            answers[index].append(_ask(card.path.parent, combinations[index], plan))
        except _NotRunError as error:
            one = combinations[index]
            skipped[f"{one['file']} in {one['runtime']}: {error}"] = None
    rows = [
        {**combination, **_row(answer)}
        for combination, answer in zip(combinations, answers, strict=True)
        if answer
    ]
    return {"rows": rows, "skipped": [*skipped, *_missing(card)]}


class _NotRunError(Exception):
    """An interpreter that is installed and does not work."""


def _ask(folder: Path, combination: dict[str, Any], plan: Plan) -> dict[str, Any]:
    asked = {
        "path": str(folder / combination["file"]),
        "runtime": combination["runtime"],
        "threads": combination["threads"],
        "calls": plan.calls,
        "seconds": plan.seconds,
    }
    done = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(asked)],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode < 0:  # as a library does that was built for another processor
        raise _NotRunError(f"its process ended by {signal.Signals(-done.returncode).name}")
    if done.returncode:
        raise _NotRunError(one_line((done.stderr.splitlines() or ["no reason told"])[-1]))
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _row(answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    spent = [one for answer in answers for one in answer["spent"]]
    middle = {
        key: statistics.median(answer[key] for answer in answers)
        for key in ("load_ms", "first_ms", "cpu_ms")
    }
    return {**middle, **percentiles(spent), "calls": len(spent), "processes": len(answers)}


def _missing(card: ModelCard) -> list[str]:
    formats = {about["format"] for about in card.files.values()}
    runtimes = [runtime for each in sorted(formats) for runtime in FITTING[each]]
    return [
        f"{runtime}: not installed here"
        for runtime in runtimes
        if not find_spec(MODULES[runtime].partition(".")[0])
    ]
