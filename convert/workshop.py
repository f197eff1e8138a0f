"""A folder to make files in, and their move to where they belong: all of them or none."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from edge.errors import OutputError

ASIDE = "before"


@contextmanager
def workshop(out: Path) -> Iterator[Path]:
    """Yield a new folder inside `out`, on the same disk; it is gone afterwards, whatever happened.

    So is `out` if it was made for this and nothing was moved there.

    Raises:
        OutputError: something cannot be written.
    """
    missing = [folder for folder in (out, *out.parents) if not folder.exists()]
    folder: Path | None = None
    try:
        out.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".convert-", dir=out))
        yield folder
    except OSError as error:
        raise OutputError(
            f"{out}: cannot be written to ({_reason(error)}); nothing was changed"
        ) from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        for one in missing:
            with suppress(OSError):  # it holds the files, or never came to be
                one.rmdir()


def _reason(error: OSError) -> str:
    """What the system said, of an error that may be wrapped in others."""
    while isinstance(error.__cause__, OSError):
        error = error.__cause__
    return str(error.strerror or error)


def move(folder: Path, out: Path, names: Sequence[str]) -> None:
    """Move files from `folder`, a workshop in `out`, to `out`, in the order of `names`.

    What is replaced is put aside and, if a move fails or is interrupted, put back.

    Raises:
        OSError: one cannot be moved.
    """
    aside = folder / ASIDE
    aside.mkdir()
    moved: list[str] = []
    try:
        for name in names:
            moved.append(name)
            if (out / name).is_file():  # a folder in the way is not ours to move
                (out / name).replace(aside / name)
            (folder / name).replace(out / name)
    except BaseException:
        for name in reversed(moved):
            _put_back(aside / name, out / name, still_new=(folder / name).exists())
        raise


def _put_back(before: Path, place: Path, still_new: bool) -> None:
    with suppress(OSError):
        if before.exists():
            before.replace(place)
        elif not still_new:
            place.unlink()
