"""Accuracy as a table: one row a model and split, both label sets side by side."""

from __future__ import annotations

from collections.abc import Iterable
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
    lines = [HEAD, tuple("---" for _ in HEAD)]
    for model, split, both in rows:
        cells = [model, split]
        for labels in ("original", "ferplus"):
            cells += _cells(both[labels]) if labels in both else ["", "", "", ""]
        lines.append(tuple(cells))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cells(scores: dict[str, Any]) -> list[str]:
    low, high = scores["accuracy_95"]
    return [
        f"{scores['accuracy']:.2%}",
        f"{low:.1%}-{high:.1%}",
        f"{scores['anger_recall']:.3f}",
        f"{scores['anger_precision']:.3f}",
    ]
