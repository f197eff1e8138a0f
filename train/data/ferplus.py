"""FER+'s votes (Barsoum et al. 2016): ten annotators' opinion on each face of FER-2013.

`fer2013new.csv` has a row for each row of Kaggle's `fer2013.csv`, in the same order, and the number
of that row in `Image name` (`fer0012345.png`). Pictures that were unpacked from the CSV carry the
same number in their names (`Training_0012345.png`); those of Kaggle's folders carry random numbers.
Since votes given to the wrong face are worse than none, a match by number must prove itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.labels import EMOTIONS
from train.data.faces import SPLITS
from train.data.rows import Row, read_rows

FILE = "fer2013new.csv"
COLUMNS = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "surprise": "surprise",
    "neutral": "neutral",
}
NUMBERED = re.compile(r"(?:(?P<usage>Training|PublicTest|PrivateTest)_|fer)(?P<number>\d+)")
MIN_FOUND = 0.95  # FER+ left a handful of faces without a name; random numbers find next to none
MIN_AGREED = 0.4  # 65% of FER-2013's labels are FER+'s first choice; by chance it would be 20%


@dataclass(frozen=True)
class Votes:
    """The whole table.

    Attributes:
        counts: (n, 7) float32, annotators per emotion.
        usage: (n,) what each row says its split is; "" where it does not.
        numbers: (n,) int64, the row of Kaggle's CSV, counted from 0; -1 where FER+ names none.
    """

    counts: NDArray[np.float32]
    usage: tuple[str, ...]
    numbers: NDArray[np.int64]


def read_votes(table: Path) -> Votes:
    """Read `fer2013new.csv`.

    Raises:
        DataError: it is not there, lacks a column, or holds something that is no count of votes.
    """
    if not table.is_file():
        raise DataError(f"{table}: no such file; FER+ publishes it, and it belongs beside the data")
    rows = [row for row, _ in read_rows(table, set(COLUMNS.values()), _row)]
    counts = np.array([counts for counts, _, _ in rows], dtype=np.float32)
    return Votes(
        counts.reshape(len(rows), len(EMOTIONS)),
        tuple(usage for _, usage, _ in rows),
        np.array([number for _, _, number in rows], dtype=np.int64),
    )


def _row(row: Row, where: str) -> tuple[list[float], str, int]:
    try:
        counts = [float(row[COLUMNS[emotion]] or "") for emotion in EMOTIONS]
    except ValueError:
        raise DataError(f"{where}: a vote is not a number") from None
    if not all(0 <= count < math.inf for count in counts):
        raise DataError(f"{where}: a vote is not a count")
    return counts, row.get("Usage") or "", _number(row.get("Image name") or "")[1]


def _number(name: str) -> tuple[str, int]:
    """The split and the row's number in a picture's name; "" and -1 where it has none."""
    found = NUMBERED.fullmatch(PurePosixPath(name).stem)
    if not found or len(found["number"]) > 18:  # more than an int64 holds
        return "", -1
    return found["usage"] or "", int(found["number"])


def match_pictures(
    votes: Votes, names: Sequence[str], splits: Sequence[str], labels: NDArray[np.int64]
) -> NDArray[np.int64] | str:
    """Find the row of votes for each picture by the number in its name.

    Args:
        names: The pictures' file names, with or without folders.
        splits: The split each picture is in; "" where that says nothing about FER-2013's.
        labels: (n,) int64, each picture's own label.

    Returns:
        (n,) int64 rows of `votes`, -1 for a picture without; or, if the match cannot be trusted,
        a sentence that says why.
    """
    told = [_number(name) for name in names]
    numbers = np.array([number for _, number in told], dtype=np.int64)
    if not (numbers >= 0).any():
        return f"none of {len(names):,} picture names holds a row number of fer2013.csv"
    known = numbers[numbers >= 0]
    if len(np.unique(known)) < len(known):
        return "the numbers in the picture names are not all different, so they are no row numbers"
    row_of = {int(n): row for row, n in enumerate(votes.numbers) if n >= 0}
    rows = np.array([row_of.get(int(n), -1) for n in numbers], dtype=np.int64)
    found = np.flatnonzero(rows >= 0)
    if len(found) < MIN_FOUND * len(names):
        return f"only {len(found):,} of {len(names):,} picture names hold a row number of FER+"
    strays = [i for i in map(int, found) if not _same(votes.usage[rows[i]], told[i][0], splits[i])]
    if strays:
        return f"{len(strays):,} pictures, {names[strays[0]]} first, are of another split in FER+"
    return _disagreement(votes, rows, labels) or rows


def _disagreement(votes: Votes, rows: NDArray[np.int64], labels: NDArray[np.int64]) -> str:
    """Why the votes cannot be those of faces so labelled; "" if they can."""
    cast = np.flatnonzero((rows >= 0) & votes.counts[rows].any(axis=1))
    usage = np.array(votes.usage, dtype=object)[rows[cast]]
    agreed = votes.counts[rows[cast]].argmax(axis=1) == labels[cast]
    for split in sorted(set(usage)):  # each may have been numbered for itself
        share = agreed[usage == split].mean()
        if share < MIN_AGREED:
            return (
                f"only {share:.0%} of the labels in {split or 'the data'} would be the "
                "annotators' first choice"
            )
    return ""


def _same(usage: str, prefix: str, split: str) -> bool:
    """Whether FER+'s Usage is what the picture's name and folder say, as far as they say it."""
    if not usage:
        return True
    if prefix:
        return usage == prefix
    return not split or (usage == SPLITS[0]) == (split == SPLITS[0])
