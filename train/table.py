"""Accuracy as a table: one row a model and split, both label sets side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

HEAD = (
    "model",
    "split",
    "original",
    "95%",
    "anger recall",
    "precision",
    "FER+ majority",
    "95%",
    "anger recall",
    "precision",
)


def accuracy_table(rows: Iterable[tuple[str, str, dict[str, Any]]]) -> str:
    """A Markdown table.

    Args:
        rows: Model, split, and what `train.metrics.score_both` returned.
    """
    lines = []
    for model, split, both in rows:
        cells = [model, split]
        for labels in ("original", "ferplus"):
            cells += _cells(both[labels]) if labels in both else ["", "", "", ""]
        lines.append(cells)
    return markdown_table(HEAD, lines)


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table of any cells; a `|` in one of them is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def _cells(scores: dict[str, Any]) -> list[str]:
    low, high = scores["accuracy_95"]
    anger = [scores.get(f"anger_{name}") for name in ("recall", "precision")]
    return [
        f"{scores['accuracy']:.2%}",
        f"{low:.1%}-{high:.1%}",
        *("" if value is None else f"{value:.3f}" for value in anger),
    ]
