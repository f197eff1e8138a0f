"""The faults as a table."""

from __future__ import annotations

from typing import Any

from benchmarks.chart import Chart
from benchmarks.result import Figure
from train.table import markdown_table

COLUMNS = ("what was done", "times", "lost", "told twice", "what was seen")


def as_text(measured: dict[str, Any]) -> str:
    """All rows as Markdown, and what could not be tried here."""
    rows = [
        (row["fault"], f"{row['times']:,}", row["lost"], row["doubled"], row["told"])
        for row in measured["rows"]
    ]
    text = markdown_table(COLUMNS, [[str(cell) for cell in row] for row in rows])
    for name, why in measured["skipped"].items():
        text += f"\n\nNot tried here: {name}: {why}"
    return text


def figures(measured: dict[str, Any]) -> list[Figure]:
    """What must stay 0."""
    return [
        Figure(f"{row['fault']}/{what}", float(row[what]), "", better="lower", timed=False)
        for row in measured["rows"]
        for what in ("lost", "doubled")
    ]


def charts(_measured: dict[str, Any]) -> list[Chart]:
    """None: the table says it all."""
    return []
