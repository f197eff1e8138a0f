"""Reading FER-2013 and its FER+ votes, and turning them into targets. Needs numpy only."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.labels import EMOTIONS

SIDE = 48
SPLITS = ("Training", "PublicTest", "PrivateTest")
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
        DataError: a file is missing or a row is not what the format promises; names file and row.
    """
    table = path / "fer2013.csv" if path.is_dir() else path
    if not table.is_file():
        raise DataError(
            f"{table}: no such file; --data takes the folder with Kaggle's fer2013.csv "
            "(and FER+'s fer2013new.csv beside it)"
        )
    rows = list(_read_faces(table))
    images = np.stack([pixels for pixels, _, _ in rows])
    labels = np.array([label for _, label, _ in rows], dtype=np.int64)
    usage = np.array([split for _, _, split in rows])
    votes_table = table.with_name("fer2013new.csv")
    if votes_table.is_file():
        votes = _read_votes(votes_table, len(rows))
    else:
        votes = np.zeros((len(rows), len(EMOTIONS)), dtype=np.float32)
    everything = FaceSet(images, labels, votes)
    return {split: everything[np.flatnonzero(usage == split)] for split in SPLITS}


def _read_faces(table: Path) -> Iterator[tuple[NDArray[np.uint8], int, str]]:
    csv.field_size_limit(sys.maxsize)
    with table.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = {"emotion", "pixels", "Usage"} - set(reader.fieldnames or ())
        if missing:
            raise DataError(f"{table}: no column {', '.join(sorted(missing))} in its first line")
        empty = True
        for line, row in enumerate(reader, start=2):
            empty = False
            yield _pixels(row["pixels"], table, line), *_label(row, table, line)
        if empty:
            raise DataError(f"{table}: holds no faces")


def _pixels(text: str | None, table: Path, line: int) -> NDArray[np.uint8]:
    try:
        values = np.array((text or "").split(), dtype=np.int16)
    except (ValueError, OverflowError):
        raise DataError(f"{table}, line {line}: pixels are not whole numbers") from None
    if values.size != SIDE * SIDE:
        raise DataError(f"{table}, line {line}: {values.size} pixels where {SIDE * SIDE} belong")
    if values.min() < 0 or values.max() > 255:
        raise DataError(f"{table}, line {line}: a pixel outside 0-255")
    return values.astype(np.uint8).reshape(SIDE, SIDE)


def _label(row: dict[str, str], table: Path, line: int) -> tuple[int, str]:
    if row["emotion"] not in map(str, range(len(EMOTIONS))):
        raise DataError(f"{table}, line {line}: label {row['emotion']!r} is not one of 0-6")
    if row["Usage"] not in SPLITS:
        raise DataError(f"{table}, line {line}: Usage {row['Usage']!r} is not one of {SPLITS}")
    return int(row["emotion"]), row["Usage"]


def _read_votes(table: Path, expected: int) -> NDArray[np.float32]:
    with table.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = set(FERPLUS_COLUMNS.values()) - set(reader.fieldnames or ())
        if missing:
            raise DataError(f"{table}: no column {', '.join(sorted(missing))} in its first line")
        rows = []
        for line, row in enumerate(reader, start=2):
            try:
                rows.append([float(row[FERPLUS_COLUMNS[emotion]]) for emotion in EMOTIONS])
            except (TypeError, ValueError):
                raise DataError(f"{table}, line {line}: a vote is not a number") from None
    if len(rows) != expected:
        raise DataError(f"{table}: {len(rows)} rows of votes beside {expected} faces")
    return np.array(rows, dtype=np.float32)
