"""Finding the pictures of a data set kept in folders, without opening one.

Three layouts are understood: `train/<class>/` and `test/<class>/` as Kaggle has them, the same with
a third folder `val/` (or `valid/`, `validation/`), and class folders alone.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from edge.errors import DataError
from edge.labels import EMOTIONS
from train.data.class_names import DROP, KNOWN, class_of
from train.data.faces import SPLITS, TEST_SPLITS
from train.data.spread import spread

ENDINGS = frozenset({"png", "jpg", "jpeg", "webp", "bmp"})
TRAINING, PUBLIC, PRIVATE = SPLITS
SPLIT_FOLDERS = {
    **dict.fromkeys(("train", "training"), TRAINING),
    **dict.fromkeys(("val", "valid", "validation"), PUBLIC),
    **dict.fromkeys(("test", "testing"), PRIVATE),
}
Note = Callable[[str], None]


class Picture(NamedTuple):
    """A picture in a class folder, not opened yet."""

    file: str
    """Its path relative to the data folder, with `/`."""
    label: int
    """An index into `EMOTIONS`."""
    split: str
    """One of `SPLITS`."""
    size: int = 0
    """Of the file, in bytes."""
    changed: int = 0
    """When the file was last written to, in nanoseconds since 1970."""


def list_pictures(
    root: Path,
    class_map: Mapping[str, str] | None = None,
    training_only: bool = False,
    note: Note = lambda _: None,
) -> list[Picture]:
    """List a data set's pictures, each with its label and its split.

    A picture in `test/` belongs to PublicTest or PrivateTest where its name begins so, as in
    FER-2013, else to PrivateTest. Each of these two that would be empty gets a tenth of every
    class in Training, drawn with a fixed seed. Hidden files and folders are passed over.

    Args:
        class_map: Names of class folders that the user explains, to an emotion or "drop".
        training_only: Everything is for training; of a set with a folder `test`, its `train`.
        note: Is told what was left out, and how many.

    Returns:
        The pictures, in an order that is the same on every machine.

    Raises:
        DataError: `root` is no data set, a class folder is empty or nobody knows its name.
    """
    parts = _split_folders(root)
    if TRAINING not in parts:
        parts = {TRAINING: root}
    elif training_only:
        for split in [split for split in parts if split != TRAINING]:
            note(f"{parts.pop(split)}: left out, an extra set is trained on only")
    pictures = [
        found._replace(split=_fixed_split(split, found.file))
        for split, folder in parts.items()
        for found in _in_classes(root, folder, class_map or {}, note)
    ]
    if not pictures:
        raise DataError(
            f"{root}: holds neither fer2013.csv, nor train/ and test/, nor folders named after "
            f"emotions ({', '.join(EMOTIONS)}); --data takes the folder that does"
        )
    return pictures if training_only else _filled_up(pictures, note)


def class_folder_names(root: Path) -> set[str]:
    """The names of all class folders of a data set."""
    parts = _split_folders(root)
    folders = parts.values() if TRAINING in parts else [root]
    return {inner.name for folder in folders for inner in _folders(folder)}


def folder_split(file: str) -> str:
    """The split that the folder of a `Picture.file` stands for; "" where it lies in none."""
    first, *rest = file.split("/")
    return SPLIT_FOLDERS.get(first.lower(), "") if len(rest) == 2 else ""


def _split_folders(root: Path) -> dict[str, Path]:
    """The folder of each split that has one."""
    found: dict[str, Path] = {}
    for folder in _folders(root):
        split = SPLIT_FOLDERS.get(folder.name.lower())
        if split and found.setdefault(split, folder) != folder:
            raise DataError(f"{folder}: and {found[split]} are both {split}; rename one")
    return {split: found[split] for split in SPLITS if split in found}


def _folders(folder: Path) -> list[Path]:
    """The folders inside, by name, without hidden ones and what macOS adds to archives."""
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror}); check --data") from error
    return [p for p in inside if not p.name.startswith((".", "__")) and p.is_dir()]


def _in_classes(
    root: Path, folder: Path, class_map: Mapping[str, str], note: Note
) -> Iterator[Picture]:
    for inner in _folders(folder):
        told = class_of(inner.name, class_map)
        if told is None:
            known = ", ".join(sorted(KNOWN))
            raise DataError(
                f"{inner}: {inner.name!r} is no emotion known here ({known}); rename the folder, "
                f"or give --map {inner.name}=CLASS or --map {inner.name}=drop"
            )
        files, others = _files(inner)
        if told == DROP:
            note(f"{inner}: {len(files):,} pictures left out")
            continue
        if not files:
            raise DataError(f"{inner}: holds no pictures; fill it or remove it")
        if others:
            kinds = ", ".join(f"{n:,} {kind}" for kind, n in others.most_common(3))
            note(f"{inner}: {others.total():,} files that are no pictures passed over ({kinds})")
        prefix, label = inner.relative_to(root).as_posix(), EMOTIONS.index(told)
        for name, status in files:
            yield Picture(f"{prefix}/{name}", label, "", status.st_size, status.st_mtime_ns)


def _files(folder: Path) -> tuple[list[tuple[str, os.stat_result]], Counter[str]]:
    """The pictures in order of name, and how many other files of which ending there are."""
    pictures, others = [], Counter[str]()
    try:
        with os.scandir(folder) as inside:  # a third of the time that paths take
            for entry in inside:
                ending = entry.name.rpartition(".")[2].lower()
                if ending in ENDINGS and not entry.name.startswith("."):
                    pictures.append((entry.name, entry.stat()))
                elif not entry.name.startswith("."):
                    others[f".{ending}" if "." in entry.name else "without ending"] += 1
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from error
    return sorted(pictures), others


def _fixed_split(split: str, file: str) -> str:
    if split == PRIVATE:
        name = file.rpartition("/")[2]
        return next((test for test in TEST_SPLITS if name.startswith(test)), PRIVATE)
    return split


def _filled_up(pictures: list[Picture], note: Note) -> list[Picture]:
    """Hold back a part of Training for the test splits that have no pictures."""
    missing = [split for split in TEST_SPLITS if split not in {p.split for p in pictures}]
    if not missing:
        return pictures
    filled = list(pictures)
    for label in range(len(EMOTIONS)):
        where = [i for i, p in enumerate(pictures) if p.label == label and p.split == TRAINING]
        names = [pictures[i].file for i in where]
        for i, split in zip(where, spread(names, missing), strict=True):
            filled[i] = pictures[i]._replace(split=split)
    note(f"a tenth of each class held back as {' and another as '.join(missing)}")
    return filled
