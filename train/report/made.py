"""How the network and its report came about: command, recipe, versions, hashes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from edge.versions import versions
from train.report import words
from train.report.findings import Findings
from train.table import markdown_table

PACKAGES = ("edge-emotion", "keras", "numpy", "matplotlib")


def made(found: Findings) -> dict[str, Any]:
    """What the last part of the report shows."""
    subject, facts = found.subject, found.subject.facts
    model_rows = [
        ["file", facts["file"]],
        ["SHA-256", facts["sha256"]],
        ["size", words.size(facts["bytes"])],
        ["parameters", words.whole(facts["parameters"])],
        ["input", f"{facts['input']}x{facts['input']}, grey"],
    ]
    recipe_rows = [[name, _shown(value)] for name, value in subject.recipe.items()]
    about = {key: value for key, value in subject.about.items() if key != "command"}
    about_rows = [[name, _shown(value)] for name, value in flat(about).items()]
    python, *packages = versions(PACKAGES).items()
    about_the_report = dict([python, ("backend", keras.backend.backend()), *packages])
    return {
        "command": str(subject.about.get("command", "")),
        "recipe_rows": recipe_rows,
        "model_rows": model_rows,
        "about_rows": about_rows,
        "report_command": found.command,
        "report_about_rows": [[name, told] for name, told in about_the_report.items()],
        "made_md": markdown_table(["", ""], [*model_rows, *recipe_rows, *about_rows]),
    }


def flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested values on one level: `{"data": {"faces": 3}}` as `{"data, faces": 3}`."""
    told: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{before}, {key}" if before else key
        told |= flat(value, name) if isinstance(value, Mapping) else {name: value}
    return told


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or words.NOTHING
    return words.NOTHING if value in ("", None) else str(value)
