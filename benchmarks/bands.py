"""What a machine's figures were before, so that a run can say that something changed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.result import figures_of
from edge.files import write_text

REFERENCE = Path(__file__).parent / "reference"
BAND = 0.3  # of the reference, either way: an unexpected gain is as suspicious as a loss
HEAD = ("benchmark", "figure", "value", "unit", "taken", "commit")

Bands = Mapping[tuple[str, str], float]  # by benchmark and figure, its reference value


def file_of(machine: str) -> Path:
    """Where the figures of a machine lie, by its name."""
    name = re.sub(r"[^a-z0-9]+", "-", machine.lower()).strip("-")
    return REFERENCE / f"{name or 'unknown'}.csv"


def read_bands(machine: str) -> Bands:
    """The reference figures of a machine; none if it has no file."""
    return {(row["benchmark"], row["figure"]): float(row["value"]) for row in _rows(machine)}


def verdicts(told: dict[str, Any], bands: Bands) -> list[str]:
    """One line for each timed figure outside its band, and one on how many are inside."""
    lines, inside = [], 0
    for figure in figures_of(told):
        before = bands.get((told["benchmark"], figure.name))
        if before is None or not figure.timed:
            continue
        ratio = figure.value / before if before else float(figure.value == 0) or float("inf")
        if 1 - BAND <= ratio <= 1 + BAND:
            inside += 1
            continue
        good = (ratio < 1) == (figure.better == "lower")
        word = "unexpectedly good" if good else "worse"
        lines.append(
            f"{figure.name}: {figure.value:.4g} {figure.unit}, {ratio:.2f} times this machine's "
            f"reference {before:.4g}: {word}"
        )
    if lines or inside:
        lines.append(f"{inside} of {inside + len(lines)} figures within {BAND:.0%} of reference")
    return lines


def remember(told: dict[str, Any]) -> Path:
    """Put a result's timed figures into the machine's file, in place of those of their names.

    Raises:
        OutputError: the file cannot be written.
    """
    machine = told["machine"]["machine"]
    rows = {(row["benchmark"], row["figure"]): row for row in _rows(machine)}
    for figure in figures_of(told):
        if figure.timed:
            cells = (told["benchmark"], figure.name, f"{figure.value:.6g}", figure.unit)
            row = dict(zip(HEAD, (*cells, told["taken"], told["commit"]), strict=True))
            rows[cells[0], cells[1]] = row
    text = io.StringIO()
    writer = csv.DictWriter(text, HEAD, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows[key] for key in sorted(rows))
    path = file_of(machine)
    write_text(path, text.getvalue())
    return path


def _rows(machine: str) -> list[dict[str, str]]:
    path = file_of(machine)
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
