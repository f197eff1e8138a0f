"""A source as a thing that comes and goes: is it there, and where is it now."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from edge.camera.base import Camera
from edge.camera.identity import DEV, SYSFS, Identity, find, identify
from edge.camera.refusal import why
from edge.camera.state import CameraFault, CameraState
from edge.errors import CameraError

PROC = Path("/proc")


class Device:
    """Opens a source under whatever name it has now, and says whether it is there at all.

    Only V4L2 nodes and files can be looked for without being opened. A camera named by its index
    is followed to another one; one named by a link of udev's is not, since the link follows it
    (by-id) or means the port (by-path).

    Args:
        source: As in `open_camera`.
        opener: Opens a source.
        sysfs, dev, proc: Where the system keeps what it knows.
    """

    def __init__(
        self,
        source: str,
        opener: Callable[[str], Camera],
        sysfs: Path = SYSFS,
        dev: Path = DEV,
        proc: Path = PROC,
    ) -> None:
        self._source, self._opener = source, opener
        self._sysfs, self._dev, self._proc = sysfs, dev, proc
        self._named = _path(source, dev)
        self._node = self._named  # where it is now
        self._known: tuple[int, int] | None = None  # what was there at the last look
        self._identity: Identity | None = None

    def present(self) -> bool | None:
        """Whether it is there, and still the thing it was; None if unknown.

        False at least once whenever it has gone or been replaced, however fast.
        """
        if self._named is None or self._node is None:
            return None
        before, self._known = self._known, _number(self._node)
        if before is not None and self._known != before:
            self._known = None
            return False
        if before is None:
            self._look_for_it(self._named)
        return self._known is not None

    def _look_for_it(self, named: Path) -> None:
        moved = self._identity and find(self._identity, self._sysfs, self._dev)
        self._node = moved or named
        self._known = _number(self._node)
        if self._known is not None and self._follows:
            self._identity = identify(self._node, self._sysfs) or self._identity

    def open(self) -> Camera:
        """Open it where the last `present` found it.

        Raises:
            CameraError: it cannot be opened; a `CameraFault` where more is known.
        """
        moved = self._node != self._named
        try:
            return self._opener(str(self._node) if moved else self._source)
        except CameraFault:
            raise
        except CameraError as error:
            raise self._explained(error) from error

    @property
    def _follows(self) -> bool:
        """Whether the source is an index, however it is written."""
        return self._named is not None and self._named.parent == self._dev

    def _explained(self, error: CameraError) -> CameraError:
        if self._node is None:
            return error
        if not self._node.exists():
            return CameraFault(str(error), CameraState.UNPLUGGED)
        reason = why(self._node, self._proc) if self._node.is_relative_to(self._dev) else ""
        return CameraFault(reason or str(error), CameraState.REFUSED)


def _path(source: str, dev: Path) -> Path | None:
    """The file that must be there for `source` to be; None for addresses and the like."""
    if source.isdigit():
        return dev / f"video{source}"
    scheme = source.partition(":")[0]
    if "://" in source or (":" in source and scheme in ("demo", "picamera")):
        return None
    return Path(source)


def _number(node: Path) -> tuple[int, int] | None:
    """What tells a node from another one of the same name that was made later."""
    try:
        found = os.stat(node)  # noqa: PTH116 - Path.stat keeps no less and costs more
    except OSError:
        return None
    return found.st_rdev, found.st_ino
