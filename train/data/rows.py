"""CSV files read row by row, each mistake told with its file and line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from edge.errors import DataError

T = TypeVar("T")
Row = dict[str, str]  # None, too, where a line is short


def read_rows(
    table: Path, columns: set[str], parse: Callable[[Row, str], T]
) -> Iterator[tuple[T, int]]:
    """Parse every row of a CSV file, one in memory at a time.

    Args:
        columns: What the first line must name, at the least.
        parse: Is given the row by column, and "<file>, line <number>" for its messages.

    Yields:
        What `parse` returned, and the line the row ends on, counted from 1.

    Raises:
        DataError: the file cannot be read as CSV in UTF-8, or lacks a column.
    """
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = columns - set(reader.fieldnames or ())
            if missing:
                names = ", ".join(sorted(missing))
                raise DataError(f"{table}: no column {names} in its first line")
            for row in reader:
                yield parse(row, f"{table}, line {reader.line_num}"), reader.line_num
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{table}: cannot be read as CSV ({error})") from error
