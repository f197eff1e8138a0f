"""The report as Markdown, for a README: every figure of the page, and none of its pictures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from edge.message import one_line
from train.table import markdown_table

HEAD = ("benchmark", "figure", "value", "unit", "better", "against the reference", "verdict")
_SPECIAL = re.compile(r"([\\`*<\[])")


def as_markdown(values: Mapping[str, Any]) -> str:
    """What `benchmarks.report.view.view` made, as text."""
    return "\n\n".join(part for part in _parts(values) if part) + "\n"


def plain(text: str) -> str:
    """Text from a file, so that nothing in it is taken for Markdown or HTML."""
    return _SPECIAL.sub(r"\\\1", one_line(text))


def _parts(values: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {plain(values['title'])}"
    yield plain(values["under"])
    yield _summary(values)
    if values["left_out"]:
        yield "Not in this report:"
        yield _list(values["left_out"])
    for part in values["parts"]:
        yield f"## {plain(part['name'])}"
        yield part["answers"]
        yield _list(f"Warning: {line}" for line in part["warnings"])
        yield plain(part["trouble"])
        yield part["text"].strip()
        yield _list(line for line in (*part["outside"], part["within"]) if line)
        shown = [pair for pair in part["details"] if "SHA-256" not in pair[0]]
        yield f"Measured on: {', '.join(plain(f'{name} {value}') for name, value in shown)}."


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {plain(line)}" for line in lines)


def _summary(values: Mapping[str, Any]) -> str:
    rows = [
        [plain(cell) for cell in (part["name"], *row.values())]
        for part in values["parts"]
        for row in part["headline"]
    ]
    return markdown_table(HEAD, rows) if rows else ""
