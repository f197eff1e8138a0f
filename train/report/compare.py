"""Runs set side by side: what was done differently, what came of it, and whether that is luck."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import UsageError
from edge.files import write_text
from train.data import FaceSet
from train.metrics import label_sets, paired_difference
from train.report import words
from train.report.figures import Measured, Say, measure
from train.report.overlaid import overlaid
from train.report.page import render
from train.report.style import LABEL_NAMES
from train.report.subject import Subject
from train.significance import mcnemar
from train.table import markdown_table

ABSENT = "-"


@dataclass(frozen=True)
class Comparison:
    """Several networks on the same faces; the first is what the others are held against."""

    subjects: Sequence[Subject]
    measured: Sequence[Measured]

    @property
    def names(self) -> list[str]:
        """What to call them; told apart by number where two have one name."""
        names = [one.name for one in self.subjects]
        return [
            f"{name} ({index})" if names.count(name) > 1 else name
            for index, name in enumerate(names, 1)
        ]

    def as_json(self) -> dict[str, Any]:
        """Scores, intervals and tests, by name."""
        return {
            name: {
                "model": subject.facts,
                "recipe": subject.recipe,
                "temperature": one.temperature,
                "scores": one.scores,
                "intervals": one.intervals,
                "against_first": {
                    labels: against(self.measured[0], one, labels) for labels in one.scores
                },
            }
            for name, subject, one in zip(self.names, self.subjects, self.measured, strict=True)
        }


def compare(
    subjects: Sequence[Subject], splits: Mapping[str, FaceSet], split: str, say: Say
) -> Comparison:
    """Run all networks over `split`.

    Raises:
        UsageError: they were trained for different tasks.
    """
    outputs = {one.network.output_shape[1] for one in subjects}
    if len(outputs) > 1:
        told = ", ".join(f"{one.name} {one.network.output_shape[1]}" for one in subjects)
        raise UsageError(f"these have different tasks and cannot be compared; outputs: {told}")
    return Comparison(subjects, [measure(one, dict(splits), split, say) for one in subjects])


def against(first: Measured, other: Measured, labels: str) -> dict[str, Any]:
    """Accuracy of `other` minus that of `first`, with its 95% interval and McNemar's test."""
    chosen, truth = label_sets(first.faces)[labels]
    before, after = _right(first, chosen, truth), _right(other, chosen, truth)
    difference, interval = paired_difference(after, before)
    test = mcnemar(before, after)
    return {
        "difference": difference,
        "difference_95": list(interval),
        "only_first": test.only_first,
        "only_this": test.only_second,
        "p": test.p,
    }


def _right(
    measured: Measured, chosen: NDArray[np.int64], truth: NDArray[np.int64]
) -> NDArray[np.bool_]:
    return np.asarray(measured.told[chosen] == truth)


def recipe_rows(comparison: Comparison) -> list[list[str]]:
    """The settings in which the recipes differ, a column a run; empty where none do."""
    recipes = [one.recipe for one in comparison.subjects]
    keys = dict.fromkeys(key for recipe in recipes for key in recipe)
    rows = []
    for key in keys:
        told = [_setting(recipe, key) for recipe in recipes]
        # a model without a recipe differs in everything, which says nothing
        if len({one for one, recipe in zip(told, recipes, strict=True) if recipe}) > 1:
            rows.append([key, *told])
    return rows


def _setting(recipe: Mapping[str, Any], key: str) -> str:
    value = recipe.get(key, ABSENT)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def model_rows(comparison: Comparison) -> list[list[str]]:
    """Input, parameters, size and hash of each model."""
    facts = [one.facts for one in comparison.subjects]
    return [
        ["architecture", *(one["architecture"] for one in facts)],
        ["input", *(f"{one['input']}x{one['input']}" for one in facts)],
        ["parameters", *(words.whole(one["parameters"]) for one in facts)],
        ["file", *(f"{one['file']}, {words.size(one['bytes'])}" for one in facts)],
        ["SHA-256", *(one["sha256"][:12] for one in facts)],
        [
            "temperature",
            *(f"{one.temperature:.2f}, {one.temperature_from}" for one in comparison.measured),
        ],
    ]


def score_rows(comparison: Comparison, labels: str) -> list[dict[str, Any]]:
    """As `train.report.words.headline`, but a cell a run, under one label set."""
    scores = {str(i): one.scores[labels] for i, one in enumerate(comparison.measured)}
    intervals = {str(i): one.intervals[labels] for i, one in enumerate(comparison.measured)}
    return words.headline(scores, intervals)


def verdict_rows(comparison: Comparison, labels: str) -> list[list[str]]:
    """Each run but the first against the first: difference, discordant faces, p."""
    rows = []
    for name, other in list(zip(comparison.names, comparison.measured, strict=True))[1:]:
        told = against(comparison.measured[0], other, labels)
        low, high = (100 * end for end in told["difference_95"])
        rows.append(
            [
                name,
                f"{100 * told['difference']:+.2f}",
                f"{low:+.2f} to {high:+.2f}",
                words.whole(told["only_this"]),
                words.whole(told["only_first"]),
                probability(told["p"]),
            ]
        )
    return rows


def probability(p: float) -> str:
    """A p-value as people write it."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def verdict_head(comparison: Comparison) -> list[str]:
    """What `verdict_rows` has in its columns."""
    first = comparison.names[0]
    return [f"against {first}", "points", "95%", "only it is right", f"only {first} is", "p"]


def as_markdown(comparison: Comparison) -> str:
    """The whole comparison as Markdown."""
    names = comparison.names
    parts = ["## Models", markdown_table(["", *names], model_rows(comparison))]
    differing = recipe_rows(comparison)
    if differing:
        parts += ["## Recipes, where they differ", markdown_table(["setting", *names], differing)]
    for labels in comparison.measured[0].scores:
        rows = [
            [row["name"], *map(words.with_interval, row["cells"])]
            for row in score_rows(comparison, labels)
        ]
        title = f"## {LABEL_NAMES[labels]}, {comparison.measured[0].split}"
        parts += [title, markdown_table(["", *names], rows)]
        if len(names) > 1:
            parts.append(markdown_table(verdict_head(comparison), verdict_rows(comparison, labels)))
    return "\n\n".join(parts)


def write(comparison: Comparison, out: Path, command: str) -> None:
    """Write `compare.html`, `compare.md` and `compare.json` to the folder `out`."""
    split, names = comparison.measured[0].split, comparison.names
    sets = [
        {
            "id": labels,
            "name": LABEL_NAMES[labels],
            "rows": score_rows(comparison, labels),
            "verdicts": verdict_rows(comparison, labels),
        }
        for labels in comparison.measured[0].scores
    ]
    logs = {name: one.log for name, one in zip(names, comparison.subjects, strict=True) if one.log}
    pictures = overlaid(logs)
    contents = [("models", "Models"), *((one["id"], one["name"]) for one in sets)]
    contents += [("curves", "Training")] if pictures else []
    values = {
        "title": f"{len(names)} models side by side",
        "under": f"{', '.join(names)}; on {split}",
        "contents": [*contents, ("made", "Made by")],
        "names": names,
        "model_rows": model_rows(comparison),
        "recipe_rows": recipe_rows(comparison),
        "sets": sets,
        "verdict_head": verdict_head(comparison),
        "curves": pictures,
        "without_log": [name for name in names if name not in logs],
        "command": command,
    }
    write_text(out / "compare.json", json.dumps(comparison.as_json(), indent=1, allow_nan=False))
    write_text(out / "compare.md", f"# {values['title']}\n\n{as_markdown(comparison)}\n")
    write_text(out / "compare.html", render("compare.html", values))
