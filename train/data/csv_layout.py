"""Kaggle's `fer2013.csv`, read row by row. Needs numpy only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.labels import EMOTIONS
from train.data import ferplus
from train.data.faces import NO_VOTES, SIDE, SPLITS, Face
from train.data.rows import Row, read_rows

FILE = "fer2013.csv"
COLUMNS = {"emotion", "pixels", "Usage"}
BYTES = {str(value): value for value in range(256)}


@dataclass(frozen=True)
class CsvSource:
    """One table of faces, with FER+'s votes where they lie beside it.

    Attributes:
        table: The CSV file.
        prefix: Goes before every face's name.
        training_only: Read no other rows.
    """

    table: Path
    prefix: str = ""
    training_only: bool = False

    @property
    def root(self) -> Path:
        """The data folder."""
        return self.table.parent

    @property
    def votes(self) -> Path:
        """Where FER+'s table would lie."""
        return self.table.with_name(ferplus.FILE)

    def states(self) -> Iterator[str]:
        """A line for each file that is read, which changes when the file does."""
        for file in (self.table, self.votes):
            if file.is_file():
                told = file.stat()
                yield f"{file.name} {told.st_size} {told.st_mtime_ns}"

    def folder_names(self) -> set[str]:
        """No class folders here."""
        return set()

    def faces(self, note: Callable[[str], None]) -> Iterator[Face]:
        """Every face in the order of the rows, one in memory at a time.

        Raises:
            DataError: a row is not what the format promises, or the votes are of other faces;
                names file and line.
        """
        votes = ferplus.read_votes(self.votes) if self.votes.is_file() else None
        usage: list[str] = []
        for (image, label, split), line in read_rows(self.table, COLUMNS, _face):
            row = len(usage)
            usage.append(split)
            if self.training_only and split != SPLITS[0]:
                continue
            cast = NO_VOTES if votes is None or row >= len(votes.counts) else votes.counts[row]
            yield Face(image, label, split, f"{self.prefix}{self.table.name}, line {line}", cast)
        if not usage:
            raise DataError(f"{self.table}: holds no faces")
        if votes is not None:
            self._check(votes, usage)
        left_out = len(usage) - usage.count(SPLITS[0])
        if self.training_only and left_out:
            note(f"{self.table}: {left_out:,} test faces left out, an extra set is trained on only")

    def _check(self, votes: ferplus.Votes, usage: list[str]) -> None:
        """Refuse votes that are not of the rows with these splits."""
        if len(votes.counts) != len(usage):
            raise DataError(
                f"{self.votes}: {len(votes.counts)} rows of votes beside {len(usage)} faces"
            )
        for row, (told, split) in enumerate(zip(votes.usage, usage, strict=True), start=1):
            if told not in ("", split):
                raise DataError(
                    f"{self.votes}: Usage of row {row} is {told!r}, in {self.table.name} it is "
                    f"{split!r}; take the pair of files that belong together"
                )


def _face(row: Row, where: str) -> tuple[NDArray[np.uint8], int, str]:
    if row["emotion"] not in map(str, range(len(EMOTIONS))):
        raise DataError(f"{where}: label {row['emotion']!r} is not one of 0-6")
    if row["Usage"] not in SPLITS:
        raise DataError(f"{where}: Usage {row['Usage']!r} is not one of {', '.join(SPLITS)}")
    return _pixels(row["pixels"], where), int(row["emotion"]), row["Usage"]


def _pixels(text: str | None, where: str) -> NDArray[np.uint8]:
    words = (text or "").split()
    try:
        # three times as fast as turning each word into a number
        values = bytes(map(BYTES.__getitem__, words))
    except KeyError:
        values = _slow_pixels(words, where)
    if len(values) != SIDE * SIDE:
        raise DataError(f"{where}: {len(values)} pixels where {SIDE * SIDE} belong")
    return np.frombuffer(values, dtype=np.uint8).reshape(SIDE, SIDE)


def _slow_pixels(words: list[str], where: str) -> bytes:
    try:
        values = np.array(words, dtype=np.int64)
    except (ValueError, OverflowError):
        raise DataError(f"{where}: pixels are not whole numbers") from None
    if values.min() < 0 or values.max() > 255:
        raise DataError(f"{where}: a pixel outside 0-255")
    return values.astype(np.uint8).tobytes()
