"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edge.errors import OutputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; rename it over `path` only if the block succeeds.

    The ending is kept, since several libraries choose a format by it.

    Raises:
        OutputError: the folder cannot be made or written to, the disk is full, or `path` is a
            device or a pipe, over which a file must not be renamed.
    """
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        if is_special(path):
            raise OSError("it is a device or a pipe; give the name of a file")
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        beside.replace(path)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{path}: cannot be written ({reason}); nothing was changed") from error
    finally:
        with suppress(OSError):  # of the same reason as above, or not there
            beside.unlink()


def is_special(path: Path) -> bool:
    """Whether `path` is a device or a pipe, over which a new file must not be renamed."""
    return path.exists() and not (path.is_file() or path.is_dir())


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as a whole or not at all."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")


def sha256(path: Path) -> str:
    """Return the file's SHA-256 as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
