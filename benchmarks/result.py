"""A result as it is kept: what was measured, on what, with which files and versions."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from benchmarks.machine import condition, machine
from edge import __version__
from edge.errors import DataError
from edge.files import sha256, write_text

FORMAT = 1  # of the envelope; raised when a reader would have to know


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
    better: Literal["lower", "higher", "none"] = "lower"
    timed: bool = True


def envelope(
    benchmark: str,
    measured: dict[str, Any],
    figures: Sequence[Figure],
    files: Sequence[Path] = (),
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """The result with all that someone needs who reads it a year later.

    Raises:
        ValueError: two figures have the same name, or one is not finite.
    """
    names = [figure.name for figure in figures]
    if len(set(names)) < len(names):
        raise ValueError(f"{benchmark}: two figures are called {_twice(names)}")
    if odd := [figure.name for figure in figures if not math.isfinite(figure.value)]:
        raise ValueError(f"{benchmark}: {odd[0]} is not a number")
    return {
        "format": FORMAT,
        "benchmark": benchmark,
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": __version__,
        "commit": commit(),
        "machine": machine(),
        "condition": condition(),
        "files": {path.name: sha256(path) for path in files},
        "warnings": list(warnings),
        "figures": [asdict(figure) for figure in figures],
        "measured": measured,
    }


def _twice(names: Sequence[str]) -> str:
    return next(name for name in names if names.count(name) > 1)


def commit() -> str:
    """The checkout's commit, with `+changes` if files differ from it; `unknown` elsewhere."""
    folder = Path(__file__).parents[1]

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(folder), *words], check=True, capture_output=True, text=True
        ).stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")).resolve() != folder.resolve():
            return "unknown"  # installed inside someone else's checkout
        changes = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "--short=12", "HEAD") + ("+changes" if changes else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def write(path: Path | None, told: dict[str, Any]) -> None:
    """Write a result to `path` as a whole, or to stdout.

    Raises:
        OutputError: the file cannot be written.
    """
    text = json.dumps(told, indent=1) + "\n"
    if path is None:
        sys.stdout.write(text)
    else:
        write_text(path, text)


def read(path: Path) -> dict[str, Any]:
    """Read what `write` wrote.

    Raises:
        DataError: the file is missing or is no result of this version's format.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise DataError(f"{path}: has format {told['format']}, this version reads {FORMAT}")
        for figure in told["figures"]:
            Figure(**figure)
        str(told["benchmark"]), dict(told["machine"]), dict(told["measured"])
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); see --out") from error
    except (LookupError, TypeError, RecursionError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{path}: is no result of edge-bench ({type(error).__name__}: {error}); make one with "
            "--out"
        ) from error
    return dict(told)


def figures_of(told: dict[str, Any]) -> list[Figure]:
    """The figures of a result that `read` returned."""
    return [Figure(**figure) for figure in told["figures"]]
