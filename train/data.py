"""Reading FER-2013 and its FER+ votes, and turning them into targets. Needs numpy only."""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.labels import EMOTIONS

T = TypeVar("T")
Row = dict[str, str]  # None, too, where a line is short

SIDE = 48
SPLITS = ("Training", "PublicTest", "PrivateTest")
TEST_SPLITS = SPLITS[1:]
FERPLUS_COLUMNS = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "surprise": "surprise",
    "neutral": "neutral",
}
STRICT_MAJORITY = 5  # 'strict': more than five of the ten annotators chose the class


@dataclass(frozen=True)
class FaceSet:
    """Faces of one split.

    Attributes:
        images: (n, 48, 48) uint8.
        labels: (n,) int64, FER-2013's own label, an index into `EMOTIONS`.
        votes: (n, 7) float32, FER+ annotators per emotion; zeros where there are none.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    votes: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: NDArray[np.int64] | slice) -> FaceSet:
        return FaceSet(self.images[index], self.labels[index], self.votes[index])

    @property
    def majority(self) -> NDArray[np.int64]:
        """(n,) the emotion that more than five FER+ annotators chose, -1 where there is none."""
        strict = self.votes.max(axis=1) > STRICT_MAJORITY
        return np.where(strict, self.votes.argmax(axis=1), -1)


def soft_targets(
    faces: FaceSet, ferplus_share: float = 0.5, smoothing: float = 0.0
) -> NDArray[np.float32]:
    """Mix the FER-2013 label with the FER+ vote distribution into one soft target.

    Args:
        ferplus_share: Weight of the votes, 0 to 1; a face without votes keeps its label.
        smoothing: Probability spread evenly over all classes (Szegedy et al. 2016).

    Returns:
        (n, 7) float32, rows summing to 1.
    """
    label = np.eye(len(EMOTIONS), dtype=np.float32)[faces.labels]
    total = faces.votes.sum(axis=1, keepdims=True)
    votes = np.where(total > 0, faces.votes / np.maximum(total, 1), label)
    mixed = (1 - ferplus_share) * label + ferplus_share * votes
    return np.asarray((1 - smoothing) * mixed + smoothing / len(EMOTIONS), dtype=np.float32)


def load(path: Path) -> dict[str, FaceSet]:
    """Read Kaggle's `fer2013.csv`, and FER+'s `fer2013new.csv` where it lies beside it.

    Args:
        path: The CSV file, or the folder that holds it.

    Returns:
        The splits by name: `Training`, `PublicTest`, `PrivateTest`.

    Raises:
        DataError: a file is missing, a row is not what the format promises, or a split has no
            faces; names file and line.
    """
    table = path / "fer2013.csv" if path.is_dir() else path
    if not table.is_file():
        raise DataError(
            f"{table}: no such file; --data takes the folder with Kaggle's fer2013.csv "
            "(and FER+'s fer2013new.csv beside it)"
        )
    rows = list(_rows(table, {"emotion", "pixels", "Usage"}, _face))
    if not rows:
        raise DataError(f"{table}: holds no faces")
    images = np.stack([pixels for pixels, _, _ in rows])
    labels = np.array([label for _, label, _ in rows], dtype=np.int64)
    usage = np.array([split for _, _, split in rows])
    votes_table = table.with_name("fer2013new.csv")
    if votes_table.is_file():
        counts = list(_rows(votes_table, set(FERPLUS_COLUMNS.values()), _votes))
        if len(counts) != len(rows):
            raise DataError(f"{votes_table}: {len(counts)} rows of votes beside {len(rows)} faces")
        votes = np.array(counts, dtype=np.float32)
    else:
        votes = np.zeros((len(rows), len(EMOTIONS)), dtype=np.float32)
    everything = FaceSet(images, labels, votes)
    splits = {split: everything[np.flatnonzero(usage == split)] for split in SPLITS}
    for split, faces in splits.items():
        if len(faces) == 0:
            raise DataError(f"{table}: holds no {split} faces; all three splits are needed")
    return splits


def _rows(table: Path, columns: set[str], parse: Callable[[Row, str], T]) -> Iterator[T]:
    """Parse every row; `parse` is told the file and line for its message."""
    csv.field_size_limit(sys.maxsize)
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = columns - set(reader.fieldnames or ())
            if missing:
                names = ", ".join(sorted(missing))
                raise DataError(f"{table}: no column {names} in its first line")
            for row in reader:
                yield parse(row, f"{table}, line {reader.line_num}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{table}: cannot be read as CSV ({error})") from error


def _face(row: Row, where: str) -> tuple[NDArray[np.uint8], int, str]:
    if row["emotion"] not in map(str, range(len(EMOTIONS))):
        raise DataError(f"{where}: label {row['emotion']!r} is not one of 0-6")
    if row["Usage"] not in SPLITS:
        raise DataError(f"{where}: Usage {row['Usage']!r} is not one of {', '.join(SPLITS)}")
    return _pixels(row["pixels"], where), int(row["emotion"]), row["Usage"]


def _pixels(text: str | None, where: str) -> NDArray[np.uint8]:
    try:
        values = np.array((text or "").split(), dtype=np.int64)
    except (ValueError, OverflowError):
        raise DataError(f"{where}: pixels are not whole numbers") from None
    if values.size != SIDE * SIDE:
        raise DataError(f"{where}: {values.size} pixels where {SIDE * SIDE} belong")
    if values.min() < 0 or values.max() > 255:
        raise DataError(f"{where}: a pixel outside 0-255")
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def _votes(row: Row, where: str) -> list[float]:
    try:
        votes = [float(row[FERPLUS_COLUMNS[emotion]] or "") for emotion in EMOTIONS]
    except ValueError:
        raise DataError(f"{where}: a vote is not a number") from None
    if not all(0 <= vote < math.inf for vote in votes):
        raise DataError(f"{where}: a vote is not a count")
    return votes
