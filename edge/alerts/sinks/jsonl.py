"""Notifications in a file, one line of JSON each, with a bound on what the files may grow to."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from edge.alerts.notification import Notification
from edge.alerts.sinks.base import SendError, SinkConfig
from edge.errors import ConfigError
from edge.message import one_line


@dataclass(frozen=True)
class JsonlConfig(SinkConfig):
    """A file that each notification is added to.

    Attributes:
        type: `jsonl`.
        path: Of the file; only its owner may read it.
        max_bytes: Before it grows beyond this size a new file is begun.
        keep: Older files that are kept, as PATH.1 (the newest), PATH.2 and so on.
    """

    type: str = "jsonl"
    path: str = ""
    max_bytes: int = 1_000_000
    keep: int = 3


BOUNDS = {"max_bytes": (1_000, 1_000_000_000), "keep": (0, 100)}


def make(name: str, config: JsonlConfig, _device: str) -> JsonlSink:
    """A sink that writes lines; the file is not touched yet.

    Raises:
        ConfigError: there is no path.
    """
    if not config.path or "\0" in config.path:
        raise ConfigError(f"sinks.{name}: path is missing; give the name of a file")
    return JsonlSink(name, Path(config.path).expanduser(), config.max_bytes, config.keep)


class JsonlSink:
    """Adds one whole line a notification, on disk when `send` returns; never half a line."""

    def __init__(self, name: str, path: Path, max_bytes: int, keep: int) -> None:
        self.name = name
        self._path, self._max_bytes, self._keep = path, max_bytes, keep

    def send(self, notification: Notification) -> None:
        """Add its line.

        Raises:
            SendError: it could not be written; the file is as it was before.
        """
        line = notification.as_json().encode() + b"\n"
        try:
            with _opened(self._path) as file:
                size = os.fstat(file).st_size
                if not size or size + len(line) <= self._max_bytes:
                    return _append(file, line, self._path)
                self._rotate()
            with _opened(self._path) as file:
                _append(file, line, self._path)
        except OSError as error:
            reason = one_line(error.strerror or str(error))
            raise SendError(
                f"{one_line(str(self._path))}: cannot be written ({reason}); "
                "check the disk and who may write there"
            ) from error

    def _rotate(self) -> None:
        """Every file gets the next number; the one beyond the last is overwritten or removed."""
        names = [self._path, *(_numbered(self._path, n) for n in range(1, self._keep + 1))]
        if not self._keep:
            self._path.unlink()
        for older, newer in zip(reversed(names[1:]), reversed(names[:-1]), strict=True):
            with suppress(FileNotFoundError):
                newer.replace(older)

    def close(self) -> None:
        """Nothing is kept open."""


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """The file's descriptor, for this process alone; made if it is not there.

    Without O_NONBLOCK the name of a device, given by mistake, could hold `open` for ever.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
    file = os.open(path, flags, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, "it is not a file")
        _lock(file, path)
        yield file
    finally:
        os.close(file)


def _lock(file: int, path: Path) -> None:
    """Raises: OSError: another process writes to it, or has just begun a new one in its place."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OSError(error.errno, "another program is writing to it") from error
    if not os.path.samestat(os.fstat(file), path.stat()):
        raise OSError(errno.EBUSY, "another program has just begun a new one")


def _append(file: int, line: bytes, path: Path) -> None:
    """Write the line and wait for the disk, or leave the file as it was."""
    size = os.fstat(file).st_size
    torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"  # power was lost while writing
    try:
        _write_whole(file, b"\n" + line if torn else line)
        os.fsync(file)
        if not size:
            _sync_folder(path.parent)
    except OSError:
        os.ftruncate(file, size)
        raise


def _write_whole(file: int, data: bytes) -> None:
    if os.write(file, data) < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _sync_folder(folder: Path) -> None:
    """Make a new file's name last, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
