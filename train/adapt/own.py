"""Reading one's own faces: class folders, as `edge-train collect` fills them. Needs no Keras."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError, PictureError
from edge.labels import EMOTIONS
from edge.pictures import SUFFIXES
from train.data import FaceSet
from train.data.class_names import class_of
from train.data.folder_layout import read_face
from train.task import Task

FEWEST = 5  # faces of a class below which there is nothing to hold out
STAMP = re.compile(r"(?<!\d)(\d{8}-\d{6})(?!\d)")


@dataclass(frozen=True)
class OwnFaces:
    """Faces of one's own.

    Attributes:
        faces: With labels of the base model's task and no votes.
        times: (n,) float64 seconds at which each was taken, from its file's name; nan where the
            name does not say.
    """

    faces: FaceSet
    times: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.times)


def read_own(root: Path, task: Task, say: Callable[[str], None]) -> OwnFaces:
    """Read `root/<label>/*`, each picture a face, in any size, grey or in colour.

    A folder is named after a label of the task or after an emotion, by any of its usual names; an
    emotion is joined into the task's label. A damaged picture is an error, since of so few none
    can be spared without its owner knowing.

    Raises:
        DataError: a folder is empty, holds fewer than 5 pictures or nobody knows its name, a
            picture cannot be read, or there are fewer than two classes.
    """
    images, labels, names = [], [], []
    for folder in _folders(root):
        label = _label(folder, task)
        pictures = _pictures(folder)
        if len(pictures) < FEWEST:
            raise DataError(
                f"{folder}: holds {len(pictures)} pictures, at least {FEWEST} are needed; "
                f"edge-train collect --label {task.labels[label]} takes more"
            )
        for path in pictures:
            images.append(_read(path))
            labels.append(label)
            names.append(path.relative_to(root).as_posix())
        say(f"{folder}: {len(pictures)} faces, {task.labels[label]}")
    if len(set(labels)) < 2:
        raise DataError(
            f"{root}: holds {'one class only' if labels else 'no class folders'}; faces of at "
            f"least two of {', '.join(task.labels)} are needed, each in a folder of that name"
        )
    faces = FaceSet(
        np.stack(images),
        np.array(labels, dtype=np.int64),
        np.zeros((len(labels), len(task.labels)), dtype=np.float32),
        task.labels,
        np.array(names, dtype=object),
    )
    return OwnFaces(faces, np.array([taken_at(name) for name in names], dtype=np.float64))


def taken_at(name: str) -> float:
    """Seconds that a file's name tells as YYYYmmdd-HHMMSS, by the clock on the wall; or nan."""
    found = STAMP.search(name)
    try:
        if found:
            return (datetime.strptime(found[1], "%Y%m%d-%H%M%S") - datetime.min).total_seconds()
    except ValueError:  # digits that are no date
        pass
    return float("nan")


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    except OSError as error:
        raise DataError(
            f"{root}: cannot be read ({error.strerror}); --data takes the folder that edge-train "
            "collect filled, with a folder a label"
        ) from error


def _label(folder: Path, task: Task) -> int:
    if folder.name in task.labels:
        return task.labels.index(folder.name)
    emotion = class_of(folder.name, {})
    for label, members in enumerate(task.members):
        if emotion in members:
            return label
    raise DataError(
        f"{folder}: {folder.name!r} is no label of this model ({', '.join(task.labels)}); rename "
        f"the folder or move it away{_emotions_help(task)}"
    )


def _emotions_help(task: Task) -> str:
    return "" if task.labels == EMOTIONS else "; the emotions that these stand for are known, too"


def _pictures(folder: Path) -> list[Path]:
    try:
        inside = [p for p in folder.iterdir() if not p.name.startswith(".")]
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from error
    return sorted(p for p in inside if p.suffix.lower() in SUFFIXES and p.is_file())


def _read(path: Path) -> NDArray[np.uint8]:
    try:
        return read_face(path)
    except PictureError as error:
        raise DataError(f"{error}; remove it, or take another") from error
