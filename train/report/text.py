"""The report as Markdown: every figure of the page, and none of its pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def as_markdown(values: Mapping[str, Any]) -> str:
    """What `train.report.view.view` made, as text."""
    return "\n\n".join(part for part in _parts(values) if part) + "\n"


def _parts(values: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {values['title']}"
    yield values["under"]
    yield " ".join(values["summary"])
    yield values["headline_md"]
    yield (
        f"95% intervals: Wilson's for accuracy, bootstrap ({values['resamples']} resamples) for "
        f"the others; temperature {values['temperature']}, {values['temperature_from']}. The "
        "pictures are in `report.html`."
    )
    if values["left_out"]:
        yield "Not in this report:"
        yield "\n".join(f"- {line}" for line in values["left_out"])
    for name, table in values["report_md"]:
        yield from (f"## Classification report, {name}", table)
    for name, table in values["confusion_md"]:
        yield f"## Confusion, {name}"
        yield from ("Rows are what a face is, columns what it was called.", table)
    yield "## Two things called accuracy"
    yield (
        f"Binary accuracy asks each of the {len(values['classes'])} outputs on its own whether it "
        f"lies above 0.5: a model that never says yes already has {values['never_yes']}. Only "
        "categorical accuracy says how good a model is."
    )
    yield values["two_accuracies_md"]
    yield from ("## Calibration", values["calibration_md"])
    if values["points_md"]:
        yield from ("## Anger: operating points", values["points_md"])
    yield from _angry(values["angry"])
    yield from ("## The data", values["data_md"])
    if values["leaked"]:
        yield from (values["leaked"]["sentence"], values["leaked"]["table_md"])
    yield _lowered(values["audit_md"]) or values["audit_hint"]
    yield "## How it was made"
    if values["command"]:
        yield f"    {values['command']}"
    yield from (values["made_md"], "This report:", f"    {values['report_command']}")


def _angry(angry: Mapping[str, Any] | None) -> Iterator[str]:
    if angry is None:
        return
    yield "## When it says angry"
    for one in angry["sets"]:
        yield from (f"{one['name']}: {one['sentence']}", one["table_md"])


def _lowered(audit: str) -> str:
    """The audit's headings two levels down, to stand below this report's."""
    lines = audit.strip().splitlines()
    return "\n".join(f"##{line}" if line.startswith("#") else line for line in lines)
