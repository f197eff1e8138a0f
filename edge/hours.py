"""The hours in which somebody is to be told: a time of day in, yes or no out."""

from __future__ import annotations

import re

from edge.errors import ConfigError

DAY = 24 * 60
_FORM = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")


def span(text: str) -> tuple[int, int] | None:
    """`07:30-23:00` as minutes of the day; None for always.

    Raises:
        ConfigError: it is written otherwise, or no minute lies in it.
    """
    if not text:
        return None
    form = _FORM.fullmatch(text.replace(" ", ""))
    if form is None:
        raise ConfigError(_wrong(text))
    first, last = (int(form[i]) * 60 + int(form[i + 1]) for i in (1, 3))
    if max(first, last) > DAY or max(int(form[2]), int(form[4])) > 59:
        raise ConfigError(_wrong(text))
    if first % DAY == last % DAY and (first, last) != (0, DAY):  # meant as always, and never true
        raise ConfigError(_wrong(text))
    return first, last


def within(text: str, minute: int) -> bool:
    """Whether a minute of the day, 0 to 1439, lies in the span; over midnight where it ends first.

    Raises:
        ConfigError: see `span`.
    """
    found = span(text)
    if found is None:
        return True
    first, last = found
    return first <= minute < last if first <= last else minute >= first or minute < last


def _wrong(text: str) -> str:
    return (
        f"service.hours = {text!r}: write the hours in which operators are to be told as "
        "07:30-23:00, by the device's clock, or nothing for always"
    )
