"""Where faces go: one folder a label, lossless, never over another file, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import cv2

from edge.errors import OutputError
from edge.vision.face import Gray

STAMP = "%Y%m%d-%H%M%S"


class Folder:
    """`<out>/<label>/`, filled with `label-YYYYmmdd-HHMMSS-NNN.png`.

    Args:
        out: The data set's folder; made when the first face is stored.
        label: Of every face of this session.
        started: Wall-clock time of the session's first frame. Names carry the time of the shot,
            by which `edge-train adapt` keeps shots of one moment together.
    """

    def __init__(self, out: Path, label: str, started: datetime) -> None:
        self.path = out / label
        self.label, self._started = label, started
        self._stored: list[Path] = []

    def store(self, face: Gray, seconds: float) -> Path:
        """Write a grey (h, w) uint8 face as PNG, whole or not at all.

        Args:
            seconds: Since the session's first frame, in the camera's own time.

        Returns:
            The file.

        Raises:
            OutputError: the folder cannot be made or written to, or the disk is full.
        """
        stamp = (self._started + timedelta(seconds=seconds)).strftime(STAMP)
        content = cv2.imencode(".png", face)[1].tobytes()
        beside = self.path / f".{os.getpid()}.part"
        with _reported(self.path):
            # Faces are of people: a folder that is made here is for its owner's eyes only.
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.mkdir(mode=0o700, exist_ok=True)
            try:
                beside.write_bytes(content)
                path = self._named(beside, stamp)
            finally:
                with suppress(OSError):  # of the same reason, or renamed
                    beside.unlink()
        self._stored.append(path)
        return path

    def _named(self, beside: Path, stamp: str) -> Path:
        """Give the file the first name that nobody has."""
        for number in count(len(self._stored) + 1):
            path = self.path / f"{self.label}-{stamp}-{number:03d}.png"
            try:
                os.link(beside, path)  # unlike a rename it fails where there is such a file
            except FileExistsError:
                continue
            except OSError:  # memory cards' file systems have no links
                if path.exists():
                    continue
                beside.rename(path)
            return path
        raise AssertionError("names do not end")

    def undo(self) -> Path | None:
        """Delete the face stored last in this session; None where there is none left.

        Raises:
            OutputError: it cannot be deleted.
        """
        if not self._stored:
            return None
        path = self._stored.pop()
        with _reported(self.path):
            path.unlink(missing_ok=True)
        return path


@contextmanager
def _reported(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(
            f"{folder}: cannot be written to ({reason}); what was stored before is whole"
        ) from error
