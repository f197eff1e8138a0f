"""Every architecture, trained with the same small budget, converted and measured: one table."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.architecture_figures import charts, figures
from benchmarks.machine import machine
from benchmarks.one_architecture import as_json
from edge.errors import DataError, UsageError
from edge.files import write_text
from train.table import markdown_table

__all__ = ["as_table", "as_text", "best_first", "charts", "figures", "measure", "read_row"]

CHILD = "from benchmarks.one_architecture import child; child()"
SEED = 0
LABELS = ("original", "ferplus")
HEAD = (
    "architecture",
    "input",
    "start",
    "parameters",
    "MACs",
    "faces seen (epochs)",
    "float FER-2013",
    "float FER+",
    "int8 FER-2013",
    "int8 FER+",
    "anger recall",
    "anger precision",
    "int8 KiB",
    "int8 ms",
)

Row = dict[str, Any]
Start = Callable[[dict[str, Any], Callable[[str], None]], None]  # makes the row's file or raises


class RowError(Exception):
    """A row that could not be made; the reason goes into the table."""


def measure(
    data: Path,
    out: Path,
    minutes: float,
    *,
    only: Sequence[str] = (),
    weights: Mapping[str, str] | None = None,
    threads: int = 1,
    resume: bool = False,
    say: Callable[[str], None] = print,
    start: Start | None = None,
) -> dict[str, Any]:
    """Make the rows that are missing, write the table to `architectures.md` and `.json`.

    Args:
        data: Where FER-2013 lies.
        out: The folder for everything: `rows/<architecture>.json`, `logs/`, a run each.
        minutes: CPU minutes of training for each.
        only: Architectures to train; all if empty. The table has every row that is there.
        weights: By architecture, the ImageNet weights to start from; the others from scratch.
        resume: Keep the rows that are there and were asked for in the same way; those that failed
            are tried again.
        start: Makes one row; a process of its own if None.

    Returns:
        `{"minutes", "threads", "machine", "rows": [...]}`, best first, failed ones last.

    Raises:
        UsageError: an unknown architecture, or weights for one that has none.
        DataError: the folder holds rows and `resume` is false, or rows of another budget.
    """
    from train.architectures import ARCHITECTURES

    chosen = _known(only or tuple(ARCHITECTURES), ARCHITECTURES)
    start_from = _weights(weights or {}, ARCHITECTURES)
    asked = {
        name: {
            "architecture": name,
            "data": str(data),
            "out": str(out),
            "minutes": minutes,
            "threads": threads,
            "weights": start_from.get(name, "none"),
            "seed": SEED,
        }
        for name in chosen
    }
    rows = {name: row for name in ARCHITECTURES if (row := read_row(_path(out, name)))}
    if rows and not resume:
        raise DataError(f"{out}: holds rows already; add --resume to go on or take a new --out")
    for name in chosen:
        if name in rows and rows[name]["status"] == "done":
            _check_same(rows[name], asked[name], _path(out, name))
            say(f"{name}: is there")
            continue
        say(f"{name}: {minutes:g} CPU minutes of training ...")
        rows[name] = _made(asked[name], out, start or in_a_process, say)
        _write(out, minutes, threads, rows)
    return _write(out, minutes, threads, rows)


def as_text(measured: Mapping[str, Any]) -> str:
    """The table in Markdown, and what its figures are."""
    budget, threads = measured["minutes"], measured["threads"]
    used = "1 thread" if threads == 1 else f"{threads or 'all'} threads"
    failed = [row for row in measured["rows"] if row["status"] != "done"]
    return "\n".join(
        [
            as_table(measured["rows"]),
            "",
            f"Trained on FER-2013's Training for {budget:g} CPU minutes each ({used}), compiling "
            "the graph counted, judging not. The same CPU minutes, not the same epochs: a large "
            "network sees fewer faces, and with more time the order changes.",
            "Accuracies on PublicTest, on which each run also chose its best epoch; PrivateTest is "
            "kept for final figures. Anger under FER-2013's labels / the FER+ majority, int8.",
            "int8 ms: median time of one face on one thread, its resize included.",
            *(f"{row['architecture']} failed: {row['reason']}" for row in failed),
        ]
    )


def as_table(rows: Sequence[Row]) -> str:
    """The rows in Markdown, in the order they are given."""
    return markdown_table(HEAD, [_cells(row) for row in rows])


def _cells(row: Row) -> list[str]:
    if row["status"] != "done":
        return [row["architecture"], "failed", *[""] * (len(HEAD) - 2)]
    return [
        row["architecture"],
        str(row["input_size"]),
        row["start"],
        f"{row['parameters']:,}",
        f"{row['multiply_adds'] / 1e6:,.1f} M",
        f"{row['faces_seen']:,} ({row['epochs']:.2g})",
        *(_percent(row[kind], labels) for kind in ("float", "int8") for labels in LABELS),
        *(_both(row["int8"], f"anger_{name}") for name in ("recall", "precision")),
        f"{row['int8_bytes'] / 1024:,.0f}",
        f"{row['int8_latency_ms']['p50']:.2f}",
    ]


def _percent(both: Mapping[str, Any], labels: str) -> str:
    return f"{both[labels]['accuracy']:.1%}" if labels in both else ""


def _both(both: Mapping[str, Any], name: str) -> str:
    told = [both[labels].get(name) for labels in LABELS if labels in both]
    return " / ".join("-" if value is None else f"{value:.2f}" for value in told)


def best_first(rows: Sequence[Row]) -> list[Row]:
    """By falling int8 accuracy, the mean of both label sets; failed ones last."""

    def mean_accuracy(row: Row) -> float:
        if row["status"] != "done":
            return -1.0
        told = [scores["accuracy"] for scores in row["int8"].values()]
        return float(sum(told) / len(told))

    return sorted(rows, key=mean_accuracy, reverse=True)


def read_row(path: Path) -> Row | None:
    """A row's file; None if there is none.

    Raises:
        DataError: it cannot be read.
    """
    if not path.is_file():
        return None
    try:
        row = dict(json.loads(path.read_text(encoding="utf-8")))
        if row["status"] == "done":
            _cells(row)  # everything that the table needs is there
        elif not isinstance(row["reason"], str):
            raise TypeError("a row that failed must say why")
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise DataError(
            f"{path}: cannot be read ({type(error).__name__}: {error}); remove it, --resume makes "
            "the row again"
        ) from error
    return row


def in_a_process(asked: dict[str, Any], say: Callable[[str], None]) -> None:
    """Make a row in a process of its own, which ends with this one.

    Raises:
        RowError: the process failed; its last words.
    """
    name = asked["architecture"]
    log = Path(asked["out"]) / "logs" / f"{name}.txt"
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            [sys.executable, "-c", CHILD, json.dumps(asked)],
            stdin=subprocess.PIPE,  # closed when this process is gone, which the other waits for
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            for line in process.stdout:
                say(f"  {name}: {line.rstrip()}")
            code = process.wait()
        except BaseException:
            process.kill()
            raise
    if code < 0:
        raise RowError(f"ended by signal {-code}, perhaps for want of memory; see {log}")
    if code:
        said = [line for line in log.read_text(encoding="utf-8").splitlines() if line.strip()]
        raise RowError(f"{said[-1] if said else f'ended with {code}'}; see {log}")


def _made(asked: dict[str, Any], out: Path, start: Start, say: Callable[[str], None]) -> Row:
    name = asked["architecture"]
    try:
        start(asked, say)
        row = read_row(_path(out, name))
        if row is None or row["status"] != "done":
            raise RowError("made no row")
    except RowError as error:
        row = {"architecture": name, "status": "failed", "asked": asked, "reason": str(error)}
        write_text(_path(out, name), as_json(row))
        say(f"{name}: failed: {error}")
    return row


def _write(out: Path, minutes: float, threads: int, rows: Mapping[str, Row]) -> dict[str, Any]:
    here, ordered = machine(), best_first(list(rows.values()))
    measured = {"minutes": minutes, "threads": threads, "machine": here, "rows": ordered}
    write_text(out / "architectures.json", json.dumps(measured, indent=1) + "\n")
    on = "On " + ", ".join(f"{key} {value}" for key, value in here.items())
    write_text(out / "architectures.md", f"{as_text(measured)}\n{on}\n")
    return measured


def _path(out: Path, name: str) -> Path:
    return out / "rows" / f"{name}.json"


def _known(names: Sequence[str], architectures: Mapping[str, Any]) -> list[str]:
    if unknown := [name for name in names if name not in architectures]:
        raise UsageError(f"--only {unknown[0]}: unknown; known: {', '.join(architectures)}")
    return list(dict.fromkeys(names))


def _weights(weights: Mapping[str, str], architectures: Mapping[str, Any]) -> dict[str, str]:
    for name, source in weights.items():
        if name not in architectures or not architectures[name].imagenet:
            those = ", ".join(one.name for one in architectures.values() if one.imagenet)
            raise UsageError(f"--weights {name}={source}: there are weights for {those} only")
        if source != "imagenet" and not Path(source).is_file():
            raise UsageError(f"--weights {name}={source}: no such file")
    return dict(weights)


def _check_same(row: Row, asked: Mapping[str, Any], path: Path) -> None:
    before = row["asked"]
    for name in ("minutes", "threads", "weights", "seed"):
        if before.get(name) != asked[name]:
            raise DataError(
                f"{path}: was made with {name} {before.get(name)}, not {asked[name]}; resume with "
                "its values or take a new --out"
            )
