"""Pictures in class folders, decoded one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError, PictureError
from train.data import ferplus
from train.data.faces import NO_VOTES, SIDE, Face
from train.data.listing import Picture, class_folder_names, folder_split, list_pictures

MAX_BROKEN = 0.01  # of a large set a few files are always damaged; more means a failed copy
NAMED = 3


@dataclass(frozen=True)
class FolderSource:
    """One data set in class folders, with FER+'s votes where they lie beside these.

    Attributes:
        root: The data folder.
        prefix: Goes before every face's name.
        training_only: Take everything for training; of a set with a test folder, the rest.
        class_map: See `list_pictures`.
    """

    root: Path
    prefix: str = ""
    training_only: bool = False
    class_map: Mapping[str, str] = field(default_factory=dict)

    @property
    def votes(self) -> Path:
        """Where FER+'s table would lie."""
        return self.root / ferplus.FILE

    @cached_property
    def _listed(self) -> tuple[list[Picture], list[str]]:
        notes: list[str] = []
        return list_pictures(self.root, self.class_map, self.training_only, notes.append), notes

    def states(self) -> Iterator[str]:
        """A line for each file that is read, which changes when the file does."""
        for picture in self._listed[0]:
            yield f"{picture.file} {picture.size} {picture.changed}"
        if self.votes.is_file():
            told = self.votes.stat()
            yield f"{self.votes.name} {told.st_size} {told.st_mtime_ns}"

    def folder_names(self) -> set[str]:
        """The names of the class folders."""
        return class_folder_names(self.root)

    def faces(self, note: Callable[[str], None]) -> Iterator[Face]:
        """Every face that can be decoded, in the order of `list_pictures`.

        A damaged picture is passed over and told; one that only seems to be a picture is none.

        Raises:
            DataError: more than a hundredth of the pictures cannot be read; names the first.
        """
        pictures, notes = self._listed
        for line in notes:
            note(line)
        votes = self._votes(note)
        broken: list[str] = []
        for index, picture in enumerate(pictures):
            try:
                image = read_face(self.root / picture.file)
            except PictureError as error:
                broken.append(str(error))
                if len(broken) > MAX_BROKEN * len(pictures):
                    raise DataError(
                        f"{error}; mend or remove it (up to {MAX_BROKEN:.0%} of "
                        f"{len(pictures):,} pictures would be passed over)"
                    ) from error
                continue
            cast = NO_VOTES if votes is None else votes[index]
            yield Face(image, picture.label, picture.split, self.prefix + picture.file, cast)
        if broken:
            shown = "; ".join(broken[:NAMED]) + (" ..." if len(broken) > NAMED else "")
            note(f"{self.root}: {len(broken):,} pictures passed over: {shown}")

    def _votes(self, note: Callable[[str], None]) -> NDArray[np.float32] | None:
        """(n, 7) votes of each picture, where they can be told apart."""
        if not self.votes.is_file():
            return None
        table, pictures = ferplus.read_votes(self.votes), self._listed[0]
        labels = np.array([picture.label for picture in pictures], dtype=np.int64)
        files = [picture.file for picture in pictures]
        splits = [folder_split(file) for file in files]
        rows = ferplus.match_pictures(table, files, splits, labels)
        if isinstance(rows, str):
            note(
                f"{self.votes}: not used, {rows}; put Kaggle's fer2013.csv in place of the folders "
                "to train on the votes"
            )
            return None
        if (rows < 0).any():
            note(f"{self.votes}: {int((rows < 0).sum()):,} of {len(rows):,} faces have no votes")
        return np.where(rows[:, None] >= 0, table.counts[rows], 0).astype(np.float32)


def read_face(path: Path) -> NDArray[np.uint8]:
    """Decode a picture of any size, grey or in colour, as the device would: (48, 48) uint8.

    Raises:
        PictureError: it is missing, empty, too large, no picture or damaged.
    """
    # here, since who only reads CSV files or uses faces needs no OpenCV
    import cv2

    from edge.pictures import read_picture
    from edge.vision.face import normalise

    gray = cv2.cvtColor(read_picture(str(path)), cv2.COLOR_BGR2GRAY)
    return normalise(np.asarray(gray, dtype=np.uint8), SIDE, SIDE)
