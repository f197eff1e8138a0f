"""The report of one trained network: measured, drawn, written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.files import write_text
from train.data import FaceSet
from train.report.figures import Say
from train.report.findings import Options, find_out
from train.report.page import render
from train.report.subject import Subject
from train.report.text import as_markdown
from train.report.view import view


def report(
    subject: Subject,
    splits: Mapping[str, FaceSet],
    out: Path,
    options: Options,
    say: Say = print,
) -> dict[str, Any]:
    """Write `report.html`, `report.md` and `report.json` to the folder `out`.

    Returns:
        The content of `report.json`.

    Raises:
        UsageError: a layer that is not there; names those that are.
        DataError: the splits do not fit the network's task, or the audit is none.
        OutputError: a file cannot be written.
    """
    found = find_out(subject, splits, options, say)
    say("drawing ...")
    told, values = found.as_json(), view(found)
    write_text(out / "report.json", json.dumps(told, indent=1, allow_nan=False))
    write_text(out / "report.md", as_markdown(values))
    write_text(out / "report.html", render("report.html", values))
    return told
