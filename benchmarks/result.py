"""A result: what was measured, on what, with which files and versions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from benchmarks.commit import commit
from benchmarks.machine import condition, machine
from edge import __version__
from edge.files import sha256

FORMAT = 1  # of the envelope; raised when a reader would have to know
Better = Literal["lower", "higher", "none"]


@dataclass(frozen=True)
class Figure:
    """One number that runs are compared by.

    Attributes:
        name: Unique within the benchmark, as `emotion-int8.tflite/litert/p50`.
        value: Finite.
        unit: As `ms`, `MiB`, `%`, `per hour`.
        better: Which way is better; `none` for what is only told.
        timed: Whether the machine decides it: such a figure has a band on its machine, any other
            is expected to come out the same everywhere.
    """

    name: str
    value: float
    unit: str
    better: Better = "lower"
    timed: bool = True


def envelope(
    benchmark: str,
    measured: dict[str, Any],
    figures: Sequence[Figure],
    files: Sequence[Path] = (),
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """The result with all that someone needs who reads it a year later.

    A number in `measured` that is not finite is kept as null, with a warning that names it: an
    hour's measurement is not lost over one quotient.

    Raises:
        ValueError: two figures have the same name, or one is not finite.
    """
    if double := first_double([figure.name for figure in figures]):
        raise ValueError(f"{benchmark}: two figures are called {double}")
    if odd := [figure.name for figure in figures if not math.isfinite(figure.value)]:
        raise ValueError(f"{benchmark}: {odd[0]} is not a number")
    lost: list[str] = []
    kept = _finite(measured, "measured", lost)
    return {
        "format": FORMAT,
        "benchmark": benchmark,
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": __version__,
        "commit": commit(),
        "machine": machine(),
        "condition": condition(),
        "files": {path.name: sha256(path) for path in files},
        "warnings": [*warnings, *(f"{place} came out as no finite number" for place in lost)],
        "figures": [asdict(figure) for figure in figures],
        "measured": kept,
    }


def figures_of(told: Mapping[str, Any]) -> list[Figure]:
    """The figures of a result that `benchmarks.result_file.read` returned."""
    return [Figure(**figure) for figure in told["figures"]]


def first_double(names: Sequence[str]) -> str:
    """The first name that is there twice; empty if there is none."""
    return next((name for name in names if names.count(name) > 1), "")


def _finite(value: Any, place: str, lost: list[str]) -> Any:
    """The value with None for what JSON cannot hold; the places of those are added to `lost`."""
    if isinstance(value, dict):
        return {key: _finite(inner, f"{place}.{key}", lost) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner, f"{place}.{index}", lost) for index, inner in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        lost.append(place)
        return None
    return value
