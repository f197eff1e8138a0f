"""Every file of a card in every interpreter that is installed, by number of threads."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.asking import NoAnswerError, ask
from benchmarks.latency.plan import Plan
from benchmarks.progress import progress
from benchmarks.timing import percentiles
from edge.vision.card import ModelCard
from edge.vision.expression import MODULES, fitting_runtimes

CHILD = "from benchmarks.latency.one_file import child; child()"


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
        for runtime in fitting_runtimes(about["format"])
        if find_spec(MODULES[runtime].partition(".")[0])
        for count in threads
    ]
    answers: list[list[dict[str, Any]]] = [[] for _ in combinations]
    turns = [index for _ in range(plan.processes) for index in range(len(combinations))]
    skipped: dict[str, None] = {}
    for index in progress(turns, "model files"):
        try:
            answers[index].append(_ask(card.path.parent, combinations[index], plan))
        except NoAnswerError as error:  # an interpreter that is installed and does not work
            one = combinations[index]
            skipped[f"{one['file']} in {one['runtime']}: {error}"] = None
    rows = [
        {**combination, **_row(answer)}
        for combination, answer in zip(combinations, answers, strict=True)
        if answer
    ]
    return {"rows": rows, "skipped": [*skipped, *_missing(card)]}


def _ask(folder: Path, combination: dict[str, Any], plan: Plan) -> dict[str, Any]:
    asked = {
        "path": str(folder / combination["file"]),
        "runtime": combination["runtime"],
        "threads": combination["threads"],
        "calls": plan.calls,
        "seconds": plan.seconds,
    }
    told: dict[str, Any] = ask(CHILD, json.dumps(asked))
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
    runtimes = [runtime for each in sorted(formats) for runtime in fitting_runtimes(each)]
    return [
        f"{runtime}: not installed here"
        for runtime in runtimes
        if not find_spec(MODULES[runtime].partition(".")[0])
    ]
