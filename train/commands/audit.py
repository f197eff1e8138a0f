"""`edge-train audit`: what is wrong with the data, before anyone trains on it."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import DataError, UsageError
from edge.files import write_text
from train.commands.common import Commands, add_data, load_splits, say

if TYPE_CHECKING:
    from train.audit import Audit, Files, Findings
    from train.data import FaceSet

NAMED = 20  # damaged files that are told by name


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser(
        "audit",
        help="what is wrong with the data, before training",
        description="Look for damaged, blank and burnt-out pictures, copies inside and across the "
        "splits, and labels that disagree.",
    )
    add_data(command)
    command.add_argument(
        "--fix", type=Path, metavar="OUT.csv", help="write the list of faces to train on (--only)"
    )
    command.add_argument(
        "--sheet", type=Path, metavar="FILE.png", help="draw the worst; it shows people"
    )
    command.add_argument("--json", action="store_true", help="print figures for machines")
    command.add_argument(
        "--out", type=Path, metavar="DIR", help="write audit.json, audit.md and sheet.png there"
    )
    command.add_argument(
        "--model",
        type=Path,
        metavar="FILE",
        help="a model for the device, judged with and without the test faces that have a copy in "
        "Training",
    )
    command.add_argument(
        "--no-cascade", action="store_true", help="do not look for faces, which takes longest"
    )
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    from train.audit import audit, examine

    if arguments.sheet is not None and arguments.sheet.suffix.lower() != ".png":
        raise UsageError(f"--sheet {arguments.sheet}: must end in .png")
    tell = _aside if arguments.json else say
    files = _files(arguments)
    splits = _loaded(arguments, files)
    if arguments.only is None:  # else most are missing on purpose
        files = files.after_loading(
            faces.name(i) for faces in splits.values() for i in range(len(faces))
        )
    findings = examine(splits, files, not arguments.no_cascade, tell)
    told = audit(findings, _effect(arguments, findings))
    say(told.to_json() if arguments.json else "\n" + told.to_markdown())
    _write(arguments, findings, told)
    return 0


def _files(arguments: argparse.Namespace) -> Files:
    from train.audit import inspect

    # load_splits says what is wrong with an answer that has no "="
    class_map = dict(one.partition("=")[::2] for one in arguments.map)
    found = inspect(arguments.data, class_map)
    for extra in arguments.extra:
        found += inspect(extra, class_map, arguments.data)
    return found


def _loaded(arguments: argparse.Namespace, files: Files) -> dict[str, FaceSet]:
    """The faces; where the loader gives up, all damaged files are told, not only the first."""
    try:
        return load_splits(arguments, tell=_aside if arguments.json else say)
    except DataError:
        for name in files.unreadable[:NAMED]:
            _aside(f"{name}: cannot be read")
        if len(files.unreadable) > NAMED:
            _aside(f"and {len(files.unreadable) - NAMED:,} more")
        raise


def _effect(arguments: argparse.Namespace, findings: Findings) -> dict[str, object] | None:
    if arguments.model is None:
        return None
    from edge.vision.expression import load_model
    from train.audit import leak_effect
    from train.audit.leak import leaked_copies

    gallery = findings.gallery
    tell = _aside if arguments.json else say
    leaks = leaked_copies(gallery, findings.copies)
    return leak_effect(load_model(arguments.model), gallery.splits, leaks, tell)


def _write(arguments: argparse.Namespace, findings: Findings, told: Audit) -> None:
    from train.audit import reasons, write_list, write_sheet

    tell = _aside if arguments.json else say
    sheets = [arguments.sheet] if arguments.sheet is not None else []
    if arguments.out is not None:
        write_text(arguments.out / "audit.json", told.to_json() + "\n")
        write_text(arguments.out / "audit.md", told.to_markdown())
        tell(f"{arguments.out}: audit.json and audit.md written")
        sheets.append(arguments.out / "sheet.png")
    for sheet in sheets:
        write_sheet(findings, sheet)
        tell(f"{sheet}: written; it shows people, so keep it with the data")
    if arguments.fix is not None:
        write_list(findings, reasons(findings), arguments.fix)
        for line in told.fix_lines():
            tell(line)
        quoted = shlex.quote(str(arguments.fix))
        tell(f"{arguments.fix}: written; edge-train fit --only {quoted} trains on it")


def _aside(line: str) -> None:
    """Say it where stdout is for machines, or an error is about to follow."""
    print(line, file=sys.stderr, flush=True)
