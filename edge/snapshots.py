"""Pictures of raised alerts, kept only where the operator asked for them."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from edge.files import replacing
from edge.vision.face import Box, Gray

log = logging.getLogger(__name__)

DAY, HOUR = 86400.0, 3600.0
QUALITY = 80  # of the JPEG; beyond that the files grow and show no more
ENDING = ".jpg"
HEAD = 0.3  # of a face's box, added on every side: hair and chin
BLOCKS = 8  # to a side, in which a head is drawn: five or so across the face itself
SOFT = 32  # pixels to the longer side, as which everything else is drawn
# only what this module has written is ever removed, halves left by a power cut among it
OURS = re.compile(r"(\.\d+\.)?\d{8}T\d{6}Z-[\w-]+\.jpg")


@dataclass(frozen=True)
class SnapshotConfig:
    """Whether a picture of each raised alert is kept on this device, and in what form.

    Attributes:
        enabled: Keep a picture of each raised alert. Off, no picture is ever written or sent.
        folder: Where they are kept; empty for `snapshots` beside the outbox.
        blur: Coarsen faces until nobody can be recognised, and soften everything else.
        days: After so many days a picture is removed.
        max_files: The oldest are removed beyond so many.
    """

    enabled: bool = False
    folder: str = ""
    blur: bool = True
    days: float = 7.0
    max_files: int = 1000


BOUNDS: Mapping[str, tuple[float, float]] = {"days": (0.01, 3650), "max_files": (1, 100_000)}


def folder_of(config: SnapshotConfig, outbox: Path) -> Path:
    """Where pictures are kept: as configured, or beside the outbox's file."""
    return Path(config.folder).expanduser() if config.folder else outbox.parent / "snapshots"


class Snapshots:
    """Keeps one picture of each raised alert, for as long as configured.

    Never raises for what the disk does: a picture that cannot be kept is told of in the log, once
    until one can be kept again. Not enabled, it does nothing at all.

    Args:
        config: What is wanted.
        folder: From `folder_of`; made with the first picture.
        now: Unix seconds by the device's clock; what is too old is removed.
    """

    def __init__(self, config: SnapshotConfig, folder: Path, now: float) -> None:
        self._config, self._folder = config, folder
        self._troubled = False
        self._tidied = now
        if config.enabled:
            self._tidy(now)

    def keep(self, incident: str, gray: Gray, boxes: Sequence[Box], now: float) -> None:
        """Write the picture of an alert.

        Args:
            incident: The alert's `Notification.incident`.
            gray: (h, w) uint8, left as it is.
            boxes: Every face in view.
            now: Unix seconds by the device's clock.
        """
        if not self._config.enabled:
            return
        picture = blurred(gray, boxes) if self._config.blur else gray
        try:
            self._write(self._folder / _name(incident, now), picture)
        except (OSError, cv2.error) as error:
            self._trouble(str(error))
        else:
            self._troubled = False

    def turn(self, now: float) -> None:
        """Remove what is too old, at most once an hour; call it as often as you like."""
        # the clock may be set by a day, either way
        if self._config.enabled and abs(now - self._tidied) >= HOUR:
            self._tidied = now
            self._tidy(now)

    def _write(self, path: Path, picture: Gray) -> None:
        content = cv2.imencode(ENDING, picture, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))[1]
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(path) as beside:
            beside.touch(mode=0o600)
            beside.write_bytes(content.tobytes())

    def _tidy(self, now: float) -> None:
        try:
            kept = sorted(path for path in self._folder.iterdir() if OURS.fullmatch(path.name))
            fresh = [path for path in kept if now - path.stat().st_mtime < DAY * self._config.days]
            for path in {*kept} - {*fresh[-self._config.max_files :]}:
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            return  # nothing was kept yet
        except OSError as error:
            self._trouble(str(error))

    def _trouble(self, reason: str) -> None:
        if not self._troubled:
            log.warning("snapshots in %s: %s; alerts are told without them", self._folder, reason)
        self._troubled = True


def _name(incident: str, now: float) -> str:
    """`20261103T101233Z-INCIDENT.jpg`: sorted by name is sorted by time."""
    word = re.sub(r"[^\w-]", "", incident, flags=re.ASCII)[:64] or "alert"
    return f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}-{word}{ENDING}"


def blurred(gray: Gray, boxes: Sequence[Box]) -> Gray:
    """The picture with nobody in it who could be recognised.

    Heads become a few blocks each. All else is softened so far that a face which no detector
    found, in profile or far off, is a smudge, too; where people stood and what they did remains.

    Args:
        gray: (h, w) uint8, left as it is.
        boxes: The faces.
    """
    height, width = gray.shape
    drawn = _redrawn(gray, _fitted(width, height, SOFT), cv2.INTER_LINEAR)
    for box in boxes:
        head = box.grown(HEAD).clipped(width, height)
        if head.area:
            rows, columns = slice(head.y, head.y + head.h), slice(head.x, head.x + head.w)
            drawn[rows, columns] = _redrawn(
                gray[rows, columns], (BLOCKS, BLOCKS), cv2.INTER_NEAREST
            )
    return drawn


def _redrawn(gray: Gray, size: tuple[int, int], way: int) -> Gray:
    """The picture as if it had only `size` pixels, each the mean of those it stands for."""
    height, width = gray.shape
    small = cv2.resize(
        gray, (min(size[0], width), min(size[1], height)), interpolation=cv2.INTER_AREA
    )
    return np.asarray(cv2.resize(small, (width, height), interpolation=way), dtype=np.uint8)


def _fitted(width: int, height: int, longest: int) -> tuple[int, int]:
    """A size of the same shape whose longer side is `longest`."""
    shrink = longest / max(width, height)
    return max(1, round(width * shrink)), max(1, round(height * shrink))
