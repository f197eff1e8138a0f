"""A result's file: written as a whole, read with suspicion."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any, get_args

from benchmarks.result import FORMAT, Better, Figure, first_double
from edge.errors import DataError
from edge.files import write_text
from edge.message import one_line

PARTS = {  # what a reader relies on
    "benchmark": str,
    "taken": str,
    "version": str,
    "commit": str,
    "machine": dict,
    "condition": dict,
    "files": dict,
    "warnings": list,
    "figures": list,
    "measured": dict,
}


def write(path: Path | None, told: dict[str, Any]) -> None:
    """Write a result to `path` as a whole, or to stdout.

    Raises:
        OutputError: the file cannot be written.
    """
    text = json.dumps(told, indent=1, allow_nan=False) + "\n"
    if path is None:
        sys.stdout.write(text)
    else:
        write_text(path, text)


def read(path: Path) -> dict[str, Any]:
    """Read what `write` wrote; every number in it is finite.

    Raises:
        DataError: the file is missing or is no result of this version's format.
    """
    try:
        text = path.read_text(encoding="utf-8")
        told = json.loads(text, parse_int=_whole, parse_float=_number, parse_constant=_number)
        json.dumps(told, ensure_ascii=False).encode()  # half a surrogate pair can be read
        _check(told)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); see --out") from error
    except (LookupError, TypeError, RecursionError, ValueError) as error:
        reason = one_line(f"{type(error).__name__}: {error}")
        raise DataError(
            f"{path}: is no result of edge-bench ({reason}); make one with --out"
        ) from error
    return dict(told)


def _check(told: Any) -> None:
    """See that all is there that a reader relies on.

    Raises:
        DataError: the format is another one.
        LookupError, TypeError, ValueError: something is missing or of another kind.
    """
    if told["format"] != FORMAT:
        raise DataError(
            f"has format {told['format']!r:.20}, this version reads {FORMAT}; measure again, or "
            "read it with the version that wrote it"
        )
    for name, kind in PARTS.items():
        if not isinstance(told[name], kind):
            raise TypeError(f"{name} must be a {kind.__name__}")
    for name in ("machine", "files"):
        _all_text(name, told[name].values())
    _all_text("warnings", told["warnings"])
    if not told["machine"]["machine"]:
        raise ValueError("the machine has no name")
    if double := first_double([_figure(cells).name for cells in told["figures"]]):
        raise ValueError(f"two figures are called {double}")


def _all_text(name: str, values: Any) -> None:
    if not all(isinstance(value, str) for value in values):
        raise TypeError(f"{name} must hold text")


def _figure(cells: Any) -> Figure:
    figure = Figure(**cells)
    if not (isinstance(figure.name, str) and figure.name and isinstance(figure.unit, str)):
        raise TypeError("a figure needs a name and a unit")
    if type(figure.value) not in (int, float):
        raise TypeError(f"{figure.name} must be a number")
    if figure.better not in get_args(Better) or not isinstance(figure.timed, bool):
        raise ValueError(f"{figure.name}: better {figure.better!r:.20}, timed {figure.timed!r:.20}")
    return figure


def _whole(text: str) -> int:
    _number(text)
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text:.20} is no finite number")
    return value
