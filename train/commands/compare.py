"""`edge-train compare`: runs and models side by side."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from train.commands.common import Commands, add_data, load_splits, prepare_backend, say

SPLITS = ("PublicTest", "PrivateTest")

EXAMPLES = """\
Print what was done differently, what came of it, and whether that is luck.

Examples:
    edge-train compare runs/first runs/second --data data/fer2013
    edge-train compare models/emotion-float32.tflite runs/* --data data/fer2013 --out side-by-side
"""


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser(
        "compare",
        help="runs and models side by side",
        description=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "subjects",
        type=Path,
        nargs="+",
        metavar="RUN|MODEL",
        help="runs' folders, .keras files or float .tflite files; the first is what the others "
        "are held against",
    )
    add_data(command)
    command.add_argument("--split", choices=SPLITS, default=SPLITS[0], help="(PublicTest)")
    command.add_argument(
        "--out", type=Path, metavar="DIR", help="write compare.html, .md and .json there, too"
    )
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    prepare_backend()
    from train.report.compare import as_markdown, compare, write
    from train.report.subject import find

    subjects = [find(path) for path in arguments.subjects]
    comparison = compare(subjects, load_splits(arguments), arguments.split, say)
    say("")
    say(as_markdown(comparison))
    if arguments.out:
        first, *rest = sys.argv
        write(comparison, arguments.out, shlex.join([Path(first).name, *rest]))
        say(f"\n{arguments.out / 'compare.html'}: written")
    return 0
