"""`edge-bench compare`: two results side by side."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path

from benchmarks.commands.common import Commands
from benchmarks.compare import HEAD, Comparison, as_json, cells, compare
from benchmarks.result_file import read
from benchmarks.verdict import BAND
from edge.errors import UsageError
from edge.message import one_line
from train.table import markdown_table

WORDS = {0, 3, 4, 6}  # columns of `HEAD` that begin at the left


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser(
        "compare",
        help="two results side by side",
        description="Two results of one benchmark, kept with --out, as a table with a verdict. "
        "What else differs between them, as the machine or a file's hash, is told first.",
    )
    command.add_argument("before", type=Path, metavar="A.json")
    command.add_argument("after", type=Path, metavar="B.json")
    command.add_argument(
        "--band",
        type=float,
        default=BAND,
        metavar="X",
        help=f"share by which a timed figure may differ and count as the same ({BAND:g})",
    )
    command.add_argument(
        "--fail-on-worse", action="store_true", help="exit code 1 if any figure is worse"
    )
    shape = command.add_mutually_exclusive_group()
    shape.add_argument("--markdown", action="store_true", help="the table in Markdown")
    shape.add_argument("--json", action="store_true", help="print everything, for machines")
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    if not 0 <= arguments.band < math.inf:
        raise UsageError(f"--band {arguments.band:g}: must be 0 or more")
    found = compare(read(arguments.before), read(arguments.after), arguments.band)
    if arguments.json:
        print(json.dumps(as_json(found), indent=1))
    else:
        _print(found, arguments.markdown)
    return int(arguments.fail_on_worse and found.count("worse") > 0)


def _print(found: Comparison, markdown: bool) -> None:
    before = found.differences
    rows = [[one_line(cell) for cell in cells(row)] for row in found.rows]
    after = [*(f"only {side}: {name}" for side, name in found.only), found.verdict]
    if markdown:
        parts = [_list(before), markdown_table(HEAD, rows), _list(after)]
        print("\n\n".join(part for part in parts if part))
    else:
        print("\n".join([*map(one_line, before), *_aligned([HEAD, *rows]), *map(one_line, after)]))


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {one_line(line)}" for line in lines)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if index in WORDS else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, wide, strict=True))
        ).rstrip()
        for row in rows
    ]
