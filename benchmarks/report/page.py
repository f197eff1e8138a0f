"""The page itself: a template over the training's, and Markdown that can bring nothing in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any

SHORT = 24  # letters of a cell that stays on one line
# "5.83", "1,024", "62.6%-65.7%", "-0.73 to +0.28", "0.15 / 0.22", "115 M", "-"
_SIGNS = r"[-+±≤≥<>~\d.,:%/ ]*"
_NUMBER = rf"{_SIGNS}(?:to {_SIGNS})?(?:x|ms|s|h|KiB|MiB|M)?"
# "64.5% (63.0-66.1)": a value, and how sure that is
_PAIR = re.compile(rf"({_NUMBER}) (\({_NUMBER}\))")
_CELL = re.compile(rf"{_NUMBER}|{_PAIR.pattern}")


def render(template: str, values: Mapping[str, Any]) -> str:
    """Fill a template of this package; what is put into it is escaped."""
    from train.report import page

    return page.render(template, values, "benchmarks.report")


def markdown_as_html(text: str) -> str:
    """A benchmark's Markdown as HTML, to stand below a page's third heading.

    What it tells comes from files: HTML is shown as text, and there are no links and no pictures.
    """
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.disable(["link", "image", "autolink", "reference"])
    environment: dict[str, Any] = {}
    tokens = parser.parse(text, environment)
    _lower_headings(tokens)
    _align_words(tokens)
    told: str = parser.renderer.render(tokens, parser.options, environment)
    region = '<div class="wide" tabindex="0" role="region" aria-label="Table">'
    # no text can hold these: its angle brackets are escaped
    return told.replace("<table>", f"{region}<table>").replace("</table>", "</table></div>")


def _lower_headings(tokens: Sequence[Any]) -> None:
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"


def _align_words(tokens: Sequence[Any]) -> None:
    """Mark the columns that hold words, which begin at the left and may be broken."""
    rows: list[list[tuple[Any, Any]]] = []
    for token, inner in pairwise(tokens):
        if token.type == "table_open":
            rows = []
        elif token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            rows[-1].append((token, inner))
        if inner.type == "table_close":
            for column in zip(*rows, strict=True):
                _mark_words(column)


def _mark_words(column: Sequence[tuple[Any, Any]]) -> None:
    if not all(_CELL.fullmatch(inner.content.strip()) for _, inner in column[1:]):
        short = all(len(inner.content) <= SHORT for _, inner in column)
        for opening, _ in column:
            opening.attrSet("class", "words short" if short else "words")
        return
    for _, inner in column[1:]:
        if pair := _PAIR.fullmatch(inner.content.strip()):
            _set_apart(inner, pair)


def _set_apart(inner: Any, pair: re.Match[str]) -> None:
    """Show what stands in brackets as the training's reports show an interval."""
    from markdown_it.token import Token

    # digits and signs only, so that there is nothing to escape but "<" and ">"
    shown = escape(pair[2])
    inner.children = [
        Token("text", "", 0, content=pair[1]),
        Token("html_inline", "", 0, content=f'<span class="interval">{shown}</span>'),
    ]
