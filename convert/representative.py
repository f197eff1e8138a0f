"""The faces from which the quantiser takes its ranges: balanced, always the same, and written down.

`<name>-representative.csv` lists them: `index` (from 0, among the Training faces of the model's
task, in the order in which they were read), `label` and `sha256`, of the 48x48 pixels. A later
conversion that is given the list takes these faces and no others, or refuses.
"""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.files import replacing
from train.batches import plain
from train.data import FaceSet
from train.data.rows import Row, read_rows

FACES = 420  # 60 of each of seven emotions
SEED = 2013
DIGITS = 18  # of an index that may be one
COLUMNS = ("index", "label", "sha256")

Indices = NDArray[np.int64]


def choose(training: FaceSet) -> Indices:
    """About `FACES` faces, as many of each class, in ascending order.

    A class with fewer faces gives all it has.

    Raises:
        DataError: a class has none at all, so its range would be guessed.
    """
    rng = np.random.default_rng(SEED)
    chosen = []
    for label, name in enumerate(training.classes):
        members = np.flatnonzero(training.labels == label)
        if len(members) == 0:
            raise DataError(f"--data: no Training face is labelled {name}; ranges need every class")
        chosen.append(rng.permutation(members)[: FACES // len(training.classes)])
    return np.sort(np.concatenate(chosen))


def prepared(training: FaceSet, indices: Indices, size: int) -> NDArray[np.uint8]:
    """These faces, normalised: (n, size, size, 1) uint8.

    The first two pixels are black and white, so that the input's range is all of 0-255 and its
    scale 1, however dark the faces are.
    """
    faces = plain(training[indices], size)
    faces[0, 0, :2, 0] = 0, 255
    return faces


def representative_faces(training: FaceSet, size: int) -> NDArray[np.uint8]:
    """The usual choice, normalised: (n, size, size, 1) uint8.

    Raises:
        DataError: a class has no face.
    """
    return prepared(training, choose(training), size)


def write(path: Path, training: FaceSet, indices: Indices) -> None:
    """Write the list of these faces.

    Raises:
        OutputError: it cannot be written.
    """
    with replacing(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for index in indices:
            writer.writerow(
                [index, training.classes[training.labels[index]], _hash(training, index)]
            )


def read(path: Path, training: FaceSet) -> Indices:
    """The faces of a list, if the data still holds the very same.

    Raises:
        DataError: it is no such list, names a face twice, leaves out a class, or a face is not
            there, has another label or other pixels.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; edge-convert writes one beside a model")
    rows = read_rows(path, set(COLUMNS), lambda row, where: _found(row, where, training))
    indices = [index for index, _ in rows]
    if not indices:
        raise DataError(f"{path}: lists no faces")
    if len(set(indices)) < len(indices):
        raise DataError(f"{path}: names a face twice")
    for label, name in enumerate(training.classes):
        if label not in training.labels[indices]:
            raise DataError(f"{path}: lists no face labelled {name}; ranges need every class")
    return np.sort(np.array(indices, np.int64))


def _found(row: Row, where: str, training: FaceSet) -> int:
    told, label, digest = (row[column] or "" for column in COLUMNS)  # a short line has None
    if not told.isdecimal() or len(told) > DIGITS:  # Python reads no number of 5,000 digits
        raise DataError(f"{where}: index {told!r} is not a number from 0")
    index = int(told)
    if index >= len(training):
        raise DataError(f"{where}: face {index} of {len(training):,}; give the --data it is of")
    if _hash(training, index) != digest:
        raise DataError(f"{where}: face {index} is another; give the --data and --only it is of")
    there = training.classes[training.labels[index]]
    if there != label:
        raise DataError(f"{where}: face {index} is labelled {there} in the data, not {label}")
    return index


def _hash(training: FaceSet, index: int | np.int64) -> str:
    return hashlib.sha256(np.ascontiguousarray(training.images[index]).tobytes()).hexdigest()
