"""The list of faces to keep, as `edge-train audit --fix` writes it. Needs numpy only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from edge.errors import DataError
from train.data.faces import SPLITS, Face, FaceSet
from train.data.rows import Row, read_rows


def read_list(path: Path) -> set[tuple[str, str]]:
    """Read `split,name` lines: the split and name of each face to keep, as in `FaceSet.names`.

    Raises:
        DataError: the file is not there, is no such list, or is empty.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; edge-train audit --fix writes one")
    kept = {told for told, _ in read_rows(path, {"split", "name"}, _entry)}
    if not kept:
        raise DataError(f"{path}: lists no faces")
    return kept


def _entry(row: Row, where: str) -> tuple[str, str]:
    if row["split"] not in SPLITS:
        raise DataError(f"{where}: split {row['split']!r} is not one of {', '.join(SPLITS)}")
    if not row["name"]:
        raise DataError(f"{where}: names no face")
    return row["split"], row["name"]


def check_list(path: Path, kept: set[tuple[str, str]], splits: Mapping[str, FaceSet]) -> None:
    """Refuse a list that is not of these faces, or that leaves a split empty.

    Raises:
        DataError: with how many of its faces are not there, and the first.
    """
    there = {(split, faces.name(i)) for split, faces in splits.items() for i in range(len(faces))}
    strangers = sorted(kept - there)
    if strangers:
        split, name = strangers[0]
        raise DataError(
            f"{path}: {len(strangers):,} of its {len(kept):,} faces are not in the data, "
            f"{name!r} of {split} first; give the --data and --extra it was written for"
        )
    for split in SPLITS:
        if not any(one == split for one, _ in kept):
            raise DataError(f"{path}: keeps no {split} faces; all three splits are needed")


def chosen(kept: set[tuple[str, str]], splits: Mapping[str, FaceSet]) -> Iterator[Face]:
    """The faces to keep, in the order of the data, one in memory at a time."""
    for split, faces in splits.items():
        for i in range(len(faces)):
            name = faces.name(i)
            if (split, name) in kept:
                yield Face(faces.images[i], int(faces.labels[i]), split, name, faces.votes[i])
