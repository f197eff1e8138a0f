"""Alerts as a table for people, as JSON for programs, as CSV for spreadsheets."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any, Protocol

from edge.alerts.clock import utc
from edge.alerts.history import Entry
from edge.message import one_line

COLUMNS = (
    *("id", "incident", "kind", "purpose", "rule", "at", "acked", "text"),
    *("sink", "state", "attempts", "uncertain", "changed", "error"),
)
# a spreadsheet takes what begins like this for a formula and runs it
FORMULA = ("=", "+", "-", "@", "\t", "\r")
SHORT = 8  # digits of an id that people are shown; commands take them, too


class Writer(Protocol):
    """A text file, as far as it is needed here."""

    def write(self, text: str, /) -> object:
        """Write text."""


def as_table(entries: Iterable[Entry]) -> Iterator[str]:
    """Lines: one an alert, then how each sink stands to it."""
    rows = [("ID", "WHEN", "WHAT", "RULE", "DELIVERIES")]
    rows += [
        (
            entry.id[:SHORT],
            local(entry.at),
            entry.kind + (" (seen)" if entry.acked is not None else ""),
            one_line(entry.rule),
            ", ".join(f"{one_line(one.sink)} {one.state}" for one in entry.attempts) or "no sink",
        )
        for entry in entries
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def as_lines(entry: Entry) -> Iterator[str]:
    """Everything about one alert, for people."""
    told = as_record(entry)
    yield one_line(told["text"])
    yield f"  id        {entry.id}"
    yield f"  incident  {one_line(entry.incident)}"
    yield f"  what      {entry.kind}, for {entry.purpose}s, rule {one_line(entry.rule)}"
    yield f"  when      {local(entry.at)}"
    if entry.acked is not None:
        yield f"  seen      {local(entry.acked)}"
    for name, value in told["about"].items():
        yield f"  {one_line(str(name)):9} {one_line(str(value))}"
    for one in entry.attempts:
        tries = f"{one.attempts} tries" if one.attempts != 1 else "1 try"
        doubt = ", may have arrived" if one.uncertain and one.state != "sent" else ""
        why = f": {one_line(one.error)}" if one.error else ""
        what = f"{one.state} at {local(one.changed)}, {tries}{doubt}{why}"
        yield f"  sink {one_line(one.sink)}: {what}"
    if not entry.attempts:
        yield "  no sink was configured for it"


def as_record(entry: Entry) -> dict[str, Any]:
    """One alert as plain values, times in UTC."""
    try:
        body = json.loads(entry.body)
        text, about = str(body["text"]), dict(body["about"])
    except (ValueError, TypeError, KeyError):
        text, about = "(its text is damaged)", {}
    return {
        **{name: getattr(entry, name) for name in ("id", "incident", "kind", "purpose", "rule")},
        "at": utc(entry.at),
        "acked": None if entry.acked is None else utc(entry.acked),
        "text": text,
        "about": about,
        "deliveries": [{**asdict(one), "changed": utc(one.changed)} for one in entry.attempts],
    }


def write_json(entries: Iterable[Entry], out: Callable[[str], object]) -> None:
    """One line of JSON an alert."""
    for entry in entries:
        out(json.dumps(as_record(entry), ensure_ascii=False) + "\n")


def write_csv(entries: Iterable[Entry], file: Writer) -> None:
    """One line an alert and sink; no cell begins like a formula."""
    writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(COLUMNS)
    for entry in entries:
        told = as_record(entry)
        for delivery in told["deliveries"] or [{}]:
            values = {**told, **delivery}
            writer.writerow(safe(values.get(name)) for name in COLUMNS)


def safe(value: object) -> object:
    """A value for a spreadsheet: text that looks like a formula gets an apostrophe before it."""
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA):
        return "'" + value
    return value


def local(wall: float) -> str:
    """Seconds since 1970 by the device's own time zone."""
    return datetime.fromtimestamp(wall).astimezone().strftime("%Y-%m-%d %H:%M:%S")
