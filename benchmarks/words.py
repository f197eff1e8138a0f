"""How figures are put into words: the same in a terminal, in Markdown and in the page."""

from __future__ import annotations

from benchmarks.verdict import ratio

WAYS = {"lower": "lower", "higher": "higher", "none": "-"}


def number(value: float, digits: int = 4) -> str:
    """So many digits, or all before the point: "0.1834", "12.3", "20,026,823"."""
    return f"{value:,.0f}" if 1e3 <= abs(value) < 1e15 else f"{value:.{digits}g}"


def ratio_text(value: float, before: float) -> str:
    """As "1.35 times"; where a ratio says nothing, "instead of"."""
    found = ratio(value, before)
    return "instead of" if found is None else f"{found:.3g} times"
