"""The trials of a search: what each tried and what came of it, on disk and as a table."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from edge.errors import DataError
from edge.files import write_text
from edge.message import one_line
from train.table import markdown_table

STATUS = ("done", "failed")
RESULTS = ("original_accuracy", "ferplus_accuracy", "anger_recall", "faces_seen", "parameters")


@dataclass(frozen=True)
class Trial:
    """One trial that is over.

    Attributes:
        number: From 1, in the order of their beginning.
        status: `done` or `failed`.
        values: What it tried, by the names of a recipe's fields.
        seconds: Of wall-clock.
        score: Mean of both label sets' accuracies on PublicTest, 0 to 1; None if it failed.
        results: Some of `RESULTS`: accuracies and recall 0 to 1, faces seen (each as often as it
            was shown) and parameters counted.
        reason: Why it failed.
    """

    number: int
    status: str
    values: dict[str, int | float]
    seconds: float
    score: float | None = None
    results: dict[str, int | float] = field(default_factory=dict)
    reason: str = ""

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"trial-{self.number:03}"


def read_trials(path: Path) -> list[Trial]:
    """The trials in a `trials.json`; none if there is no such file.

    Raises:
        DataError: it cannot be read, or is not what `write_trials` writes.
    """
    if not path.exists():
        return []
    try:
        trials = [Trial(**one) for one in json.loads(path.read_text(encoding="utf-8"))]
        for number, trial in enumerate(trials, 1):
            scored = trial.score is not None and math.isfinite(trial.score)
            if trial.number != number or trial.status not in STATUS:
                raise ValueError(f"entry {number} is no trial {number}")
            if scored != (trial.status == "done"):
                raise ValueError(f"trial {number} is {trial.status} with score {trial.score}")
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); take a new --run") from error
    return trials


def write_trials(folder: Path, trials: Sequence[Trial]) -> None:
    """Write `trials.json` in their order, `trials.csv` and `trials.md` best first.

    Raises:
        OutputError: one cannot be written; those before it are.
    """
    ordered = best_first(trials)
    told = json.dumps([asdict(one) for one in trials], indent=1)
    write_text(folder / "trials.json", told)  # the one that a resumed search goes by
    write_text(folder / "trials.csv", _as_csv(ordered))
    write_text(folder / "trials.md", as_table(ordered) + "\n")


def best_first(trials: Sequence[Trial]) -> list[Trial]:
    """By falling score, equal ones in their order, failed ones last."""
    return sorted(trials, key=lambda one: math.inf if one.score is None else -one.score)


def as_table(trials: Sequence[Trial]) -> str:
    """The trials in Markdown, in the order they are given."""
    varied = list(trials[0].values) if trials else []
    head = ["trial", "score", "FER-2013", "FER+", "anger recall", "faces seen", "parameters"]
    head += ["minutes", *(name.replace("_", " ") for name in varied)]
    rows = []
    for trial in trials:
        found = trial.results
        shares = [trial.score, *(found.get(name) for name in RESULTS[:3])]
        counts = [found.get(name) for name in RESULTS[3:]]
        row = [str(trial.number), *("" if one is None else f"{one:.2%}" for one in shares)]
        row += ["" if one is None else f"{one:,}" for one in counts]
        row += [f"{trial.seconds / 60:.1f}", *(f"{trial.values[name]:g}" for name in varied)]
        if trial.status == "failed":
            row[1] = "failed"
        rows.append(row)
    return markdown_table(head, rows)


def _as_csv(trials: Sequence[Trial]) -> str:
    varied = list(trials[0].values) if trials else []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["trial", "status", "score", *RESULTS, "seconds", *varied, "reason"])
    for trial in trials:
        results: list[Any] = [trial.results.get(name, "") for name in RESULTS]
        score = "" if trial.score is None else trial.score
        values = [trial.values[name] for name in varied]
        line = [trial.number, trial.status, score, *results, round(trial.seconds, 1)]
        writer.writerow([*line, *values, one_line(trial.reason)])
    return text.getvalue()
