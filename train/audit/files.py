"""Picture files as they lie in class folders: damaged ones, and ones of the wrong size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import imagesize

from train.data import SIDE
from train.data.csv_layout import FILE
from train.data.listing import list_pictures
from train.data.loading import name_prefix


@dataclass(frozen=True)
class Files:
    """What was found in one or more data folders; pictures by the names that `load` gives them.

    Attributes:
        names: Pictures in class folders. Faces in a CSV file have one size and are no files.
        unreadable: Those that are no picture, or damaged.
        not_square: Those that are not as wide as high: the loader stretches them.
        small: Those with a side below 48 pixels: the loader enlarges them.
    """

    names: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    not_square: tuple[str, ...] = ()
    small: tuple[str, ...] = ()

    def __add__(self, other: Files) -> Files:
        return Files(
            self.names + other.names,
            self.unreadable + other.unreadable,
            self.not_square + other.not_square,
            self.small + other.small,
        )

    def after_loading(self, loaded: Iterable[str]) -> Files:
        """The same, where what the loader could not make faces of counts as unreadable."""
        found = set(loaded)
        return replace(self, unreadable=tuple(name for name in self.names if name not in found))


def inspect(root: Path, class_map: Mapping[str, str], extra_to: Path | None = None) -> Files:
    """Look at the head of every picture that training would read from `root`; decode none.

    Args:
        root: A data folder in any layout; in a CSV file there is nothing to look at.
        class_map: As for `train.data.load`.
        extra_to: The first data folder, if this is one more.

    Raises:
        DataError: the folder is no data set.
    """
    if not root.is_dir() or (root / FILE).is_file():
        return Files()
    listed = [one.file for one in list_pictures(root, class_map, extra_to is not None)]
    home = extra_to if extra_to is None or extra_to.is_dir() else extra_to.parent
    prefix = name_prefix(root, home) if home else ""
    sizes = {prefix + file: _size(root / file) for file in listed}
    return Files(
        tuple(sizes),
        tuple(name for name, size in sizes.items() if min(size) == 0),
        tuple(name for name, (width, height) in sizes.items() if width != height),
        tuple(name for name, size in sizes.items() if 0 < min(size) < SIDE),
    )


def _size(path: Path) -> tuple[int, int]:
    """Width and height as the file's head tells them; (0, 0) where it tells nothing."""
    try:
        width, height = imagesize.get(path)
    except Exception:  # a damaged head can make it stumble anywhere
        return 0, 0
    return (int(width), int(height)) if min(width, height) > 0 else (0, 0)
