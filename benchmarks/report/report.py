"""Results read, drawn, written as one page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.bands import read_bands
from benchmarks.progress import progress
from benchmarks.report.draw import draw
from benchmarks.report.needs import check_installed
from benchmarks.report.page import markdown_as_html, render
from benchmarks.report.text import as_markdown
from benchmarks.report.view import UNTELLABLE, ReadBands, view
from benchmarks.result_file import read
from edge.files import write_text


def report(
    paths: Sequence[Path],
    page: Path,
    markdown: Path | None = None,
    left_out: Sequence[str] = (),
    say: Callable[[str], None] = print,
    bands: ReadBands = read_bands,
) -> None:
    """Write the page, and the Markdown if asked for.

    Args:
        paths: Results, in any order.
        left_out: What could not be measured, and why.
        bands: The reference figures of a machine by its name.

    Raises:
        DataError: a result cannot be read.
        MissingPackageError: the `bench` extra is not installed.
        OutputError: a file cannot be written.
    """
    check_installed()
    values = view([read(path) for path in paths], left_out, bands)
    if markdown:
        write_text(markdown, as_markdown(values))
        say(f"{markdown}: written")
    for part in progress(values["parts"], "drawing"):
        part["html"] = markdown_as_html(part["text"])
        part["pictures"] = _pictures(part)
    write_text(page, render("results.html", values))
    say(f"{page}: written")


def _pictures(part: dict[str, Any]) -> list[Any]:
    found = []
    for chart in part["charts"]:
        try:
            found.append(draw(chart))
        except UNTELLABLE:
            part["trouble"] = part["trouble"] or f"A chart cannot be drawn: {chart.title}."
    return [picture for picture in found if picture is not None]
