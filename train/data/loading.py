"""From the folders that a user names to the three splits. Needs numpy, and OpenCV for pictures."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from edge.errors import DataError, UsageError
from edge.labels import EMOTIONS
from train.data import csv_layout, ferplus
from train.data.class_names import check_class_map
from train.data.csv_layout import CsvSource
from train.data.faces import SPLITS, Face, FaceSet
from train.data.folder_layout import FolderSource
from train.data.only import check_list, chosen, read_list
from train.data.pack import FORMAT, Say, write_pack
from train.data.store import stored

Source = CsvSource | FolderSource
Splits = dict[str, FaceSet]


def load(
    path: Path,
    *,
    extra: Sequence[Path] = (),
    only: Path | None = None,
    class_map: Mapping[str, str] | None = None,
    votes_required: bool = False,
    say: Say | None = None,
) -> Splits:
    """Read a data set of faces, in any layout it is published in.

    The first time, the faces are read one by one into a pack beside the data (see
    `train.data.store`: it is made of pictures, and belongs nowhere else); from then on the pack is
    mapped into memory, until a file changes.

    Args:
        path: Kaggle's `fer2013.csv` or the folder that holds it; or a folder with `train/<class>/`
            and `test/<class>/`; or one with class folders, of which a tenth each is held back as
            PublicTest and PrivateTest. Where several are there, the first counts. FER+'s
            `fer2013new.csv` beside them is used where its rows can be told to be these faces'
            (see `train.data.ferplus`).
        extra: More data sets in the same layouts, all merged into Training; their own test faces
            are left out.
        only: A list of the faces to keep (see `train.data.only`).
        class_map: What unknown class folders hold, by name: an emotion, or "drop".
        votes_required: Refuse data without votes.
        say: Is told of progress and of everything that was left out; None says nothing.

    Returns:
        The splits by name: `Training`, `PublicTest`, `PrivateTest`.

    Raises:
        DataError: a file is missing or not what its format promises, a class folder is empty or
            has an unknown name, a split has no faces; names file and row, or the picture.
        UsageError: `class_map` maps to no emotion, or a name that no folder has.
        OutputError: the disk is full; nothing is left behind.
    """
    say = say or _nothing
    root = path if path.is_dir() else path.parent
    main, extras = _open(path, root, extra, class_map or {})
    no_votes = f"{main.votes}: no votes there; FER+ publishes them, or leave --labels at fer2013"
    if votes_required and not main.votes.is_file():
        raise DataError(no_votes)
    key = _key(main, extras, class_map or {})

    def build(folder: Path) -> None:
        notes: list[str] = []
        write_pack(folder, _merged(main, extras, notes), notes, say)

    splits, notes = stored(root, key, build, say)
    for note in notes:
        say(note)
    if votes_required and not splits[SPLITS[1]].votes.any():
        raise DataError(next((note for note in notes if str(main.votes) in note), no_votes))
    return splits if only is None else _kept(root, key, splits, only, say)


def name_prefix(extra: Path, root: Path) -> str:
    """What goes before the names of an extra folder's faces: the way to it from the data folder."""
    return os.path.relpath(extra.resolve(), root.resolve()).replace(os.sep, "/") + "/"


def _nothing(line: str) -> None:
    """Where nobody wants to be told."""


def _open(
    path: Path, root: Path, extra: Sequence[Path], class_map: Mapping[str, str]
) -> tuple[Source, list[Source]]:
    check_class_map(class_map)
    main = _source(path, "", False, class_map)
    extras = []
    seen = {root.resolve()}
    for folder in extra:
        inside = folder if folder.is_dir() else folder.parent
        if inside.resolve() in seen:
            raise UsageError(f"--extra {folder}: is given already, as --data or --extra")
        seen.add(inside.resolve())
        extras.append(_source(folder, name_prefix(inside, root), True, class_map))
    if class_map:
        known = {name.casefold() for one in (main, *extras) for name in one.folder_names()}
        for name in class_map:
            if name.casefold() not in known:
                raise UsageError(f"--map {name}: no class folder has this name; check its spelling")
    return main, extras


def _source(path: Path, prefix: str, training_only: bool, class_map: Mapping[str, str]) -> Source:
    table = path / csv_layout.FILE if path.is_dir() else path
    if table.is_file():
        return CsvSource(table, prefix, training_only)
    if not path.is_dir():
        flag = "--extra" if training_only else "--data"
        raise DataError(
            f"{path}: no such file; {flag} takes the folder with Kaggle's fer2013.csv (and FER+'s "
            f"{ferplus.FILE} beside it), or with train/ and test/, or with one folder a class"
        )
    return FolderSource(path, prefix, training_only, class_map)


def _merged(main: Source, extras: Sequence[Source], notes: list[str]) -> Iterator[Face]:
    """Every face of every source; what is left out goes to `notes`."""
    seen = Counter[str]()
    for face in main.faces(notes.append):
        seen[face.split] += 1
        yield face
    for split in SPLITS:
        if split not in seen:
            raise DataError(f"{main.root}: holds no {split} faces; all three splits are needed")
    for source in extras:
        added = Counter[str]()
        for face in source.faces(notes.append):
            added[EMOTIONS[face.label]] += 1
            yield face
        told = ", ".join(f"{added[name]:,} {name}" for name in EMOTIONS if added[name])
        notes.append(f"{source.root}: {added.total():,} faces added to {SPLITS[0]} ({told})")


def _key(main: Source, extras: Sequence[Source], class_map: Mapping[str, str]) -> str:
    """Digits that change with the name, size or time of anything that is read."""
    digest = hashlib.sha256(json.dumps([FORMAT, sorted(class_map.items())]).encode())
    for source in (main, *extras):
        digest.update(f"source {source.prefix}\n".encode(errors="surrogateescape"))
        for line in source.states():
            digest.update(f"{line}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


def _kept(root: Path, key: str, splits: Splits, only: Path, say: Say) -> Splits:
    """The faces on a list, as a pack of their own."""
    kept = read_list(only)
    check_list(only, kept, splits)
    there = sum(map(len, splits.values()))
    say(f"{only}: {len(kept):,} of {there:,} faces kept")
    told = json.dumps([key, sorted(kept)])
    key = hashlib.sha256(told.encode()).hexdigest()[:16]

    def build(folder: Path) -> None:
        write_pack(folder, chosen(kept, splits), [], say)

    return stored(root, key, build, say)[0]
