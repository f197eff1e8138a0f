"""`log.csv` of a training: one line an epoch."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from edge.files import write_text


def add_line(path: Path, epoch: int, values: Mapping[str, float | str]) -> None:
    """Add the line of `epoch` (counted from 1), in place of the one that a killed run left."""
    written = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    earlier = [row for row in csv.reader(written[1:]) if row and int(row[0]) < epoch]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    row = [v if isinstance(v, (str, int)) else f"{v:.6g}" for v in values.values()]
    writer.writerows([["epoch", *values], *earlier, [epoch, *row]])
    write_text(path, text.getvalue())
