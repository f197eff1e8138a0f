"""What a machine's figures were before, so that a run can say that something changed."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.result import Figure, figures_of
from benchmarks.verdict import BAND, Verdict, judge
from benchmarks.words import number, ratio_text
from edge.errors import DataError
from edge.files import write_text
from edge.message import one_line

REFERENCE = Path(__file__).parent / "reference"
HEAD = ("benchmark", "figure", "value", "unit", "taken", "commit")
LONGEST = 60  # letters of a file's name: four bytes each stay below what file systems take

Bands = Mapping[tuple[str, str], float]  # by benchmark and figure, its reference value


def file_of(machine: str) -> Path:
    """Where the figures of a machine lie, by its name."""
    words = re.sub(r"[\W_]+", "-", machine.casefold())[:LONGEST].strip("-")
    return REFERENCE / f"{words or 'unknown'}.csv"


def read_bands(machine: str) -> Bands:
    """The reference figures of a machine; none if it has no file.

    Raises:
        DataError: the file is not what `remember` writes.
    """
    return {key: float(row["value"]) for key, row in _rows(machine).items()}


def judged(told: Mapping[str, Any], bands: Bands) -> list[tuple[Figure, float, Verdict]]:
    """Each timed figure that has a reference, that reference, and what became of it."""
    found = []
    for figure in figures_of(told):
        before = bands.get(_key(told, figure))
        if before is not None and figure.timed:
            found.append((figure, before, judge(figure, before)))
    return found


def verdicts(told: Mapping[str, Any], bands: Bands) -> list[str]:
    """One line for each timed figure outside its band, and one on how many are inside."""
    every = judged(told, bands)
    outside = [one for one in every if one[2] != "same"]
    if not every:
        return []
    return [
        *(_line(*one) for one in outside),
        f"{len(every) - len(outside)} of {len(every)} figures within {BAND:.0%} of reference",
    ]


def _line(figure: Figure, before: float, verdict: Verdict) -> str:
    # a gain that nobody worked for is most often a mistake in the measurement
    word = "unexpectedly good" if verdict == "better" else verdict
    return (
        f"{figure.name}: {number(figure.value)} {figure.unit}, "
        f"{ratio_text(figure.value, before)} this machine's reference {number(before)}: {word}"
    )


def remember(told: dict[str, Any]) -> Path:
    """Put a result's timed figures into the machine's file, in place of those of their names.

    Raises:
        DataError: the file that is there is none.
        OutputError: the file cannot be written.
    """
    machine = told["machine"]["machine"]
    rows = _rows(machine)
    for figure in figures_of(told):
        if figure.timed:
            key = _key(told, figure)
            about = (f"{figure.value:.6g}", figure.unit, told["taken"], told["commit"])
            cells = [one_line(cell) for cell in (*key, *about)]
            rows[key] = dict(zip(HEAD, cells, strict=True))
    text = io.StringIO()
    writer = csv.DictWriter(text, HEAD, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows[key] for key in sorted(rows))
    path = file_of(machine)
    write_text(path, text.getvalue())
    return path


def _key(told: Mapping[str, Any], figure: Figure) -> tuple[str, str]:
    """As a row of a file can hold it."""
    return one_line(told["benchmark"]), one_line(figure.name)


def _rows(machine: str) -> dict[tuple[str, str], dict[str, str]]:
    path = file_of(machine)
    if not path.is_file():
        return {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, strict=True)
            if tuple(reader.fieldnames or ()) != HEAD:
                raise ValueError(f"its first line must be {','.join(HEAD)}")
            return {(row["benchmark"], row["figure"]): _checked(row, reader) for row in reader}
    except (OSError, csv.Error, ValueError) as error:
        raise DataError(
            f"{path}: cannot be read ({error}); take it from the repository again, or remove it "
            "and measure with --remember"
        ) from error


def _checked(row: dict[str, str], reader: csv.DictReader[str]) -> dict[str, str]:
    whole = None not in row and None not in row.values()
    if not (whole and math.isfinite(float(row["value"]))):
        raise ValueError(f"line {reader.line_num}: is no figure")
    return row
