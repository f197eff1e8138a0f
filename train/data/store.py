"""Where packs are kept: `.edge-train/` inside the data folder, and nowhere else.

A pack is pictures of people, the same as the data, so it lies beside the data: whoever may not see
or copy or keep the one may not the other, and deleting the data folder deletes both. Only where
that folder cannot be written to is a pack put into a temporary folder, removed when the process
ends. `.edge-train/` holds a README that says whose it is; it may be deleted at any time.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from edge.errors import OutputError
from edge.files import write_text
from train.data.faces import FaceSet
from train.data.pack import Say, read_pack

FOLDER = ".edge-train"
PACK, NEW = "faces-", ".new-"
KEPT = 3  # a data set with and without its extras and its cleaned list
ABANDONED = 3600.0  # seconds without a write, after which nobody is writing a pack any more
README = """\
edge-train wrote this folder. It holds the faces of the data beside it, in a form that is read at
once. It may be deleted at any time and is then written anew. It is made of pictures of people:
treat it as you treat the data, and publish neither.
"""


def stored(
    root: Path, key: str, build: Callable[[Path], None], say: Say
) -> tuple[dict[str, FaceSet], list[str]]:
    """The pack that belongs to `key`, built if it is not there or not whole.

    Several processes may ask at once: each sees a whole pack or none, and the first to finish one
    has written the one that stays.

    Args:
        root: The data folder.
        key: Hexadecimal digits that change with whatever the pack is made from.
        build: Writes a pack into the empty folder it is given.

    Raises:
        OutputError: the disk is full; nothing is left behind.
    """
    found = _read(root / FOLDER / f"{PACK}{key}")
    if found is not None:
        return found
    home = _home(root, say)
    pack = home / f"{PACK}{key}"
    found = _read(pack)  # a temporary one, from earlier in this process
    if found is not None:
        return found
    try:
        _build(home, pack, build)
    except OSError as error:
        raise OutputError(
            f"{home}: the faces cannot be written ({error.strerror or error}); nothing was kept, "
            "make room and start again"
        ) from error
    found = _read(pack)
    if found is None:
        raise OutputError(f"{pack}: was changed while it was written; start again")
    return found


def _read(pack: Path) -> tuple[dict[str, FaceSet], list[str]] | None:
    found = read_pack(pack)
    if found is not None:
        with suppress(OSError):  # another user's, to be read only
            os.utime(pack)
    return found


def _build(home: Path, pack: Path, build: Callable[[Path], None]) -> None:
    new = home / f"{NEW}{os.getpid()}-{secrets.token_hex(4)}"
    _tidy(home)
    shutil.rmtree(pack, ignore_errors=True)  # there, but not whole
    try:
        new.mkdir()
        build(new)
        try:
            new.rename(pack)
        except OSError:
            if read_pack(pack) is None:  # else another process was faster
                raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _tidy(home: Path) -> None:
    """Delete all but the packs used last, and what killed processes left behind."""
    packs = sorted(home.glob(f"{PACK}*"), key=_age)
    left = [path for path in home.glob(f"{NEW}*") if _age(path) > ABANDONED]
    for path in (*packs[KEPT - 1 :], *left):  # one place is for the pack about to be written
        shutil.rmtree(path, ignore_errors=True)


def _age(folder: Path) -> float:
    """Seconds since anything in `folder` was written, or the pack was used."""
    newest = 0.0
    with suppress(OSError):  # another process tidies, too
        newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    return time.time() - newest


def _home(root: Path, say: Say) -> Path:
    """The folder for the packs of `root`, made if need be."""
    home = root / FOLDER
    with suppress(OSError):
        home.mkdir(exist_ok=True)
    if not (home.is_dir() and os.access(home, os.W_OK | os.X_OK)):
        say(f"{root}: cannot be written to; its faces are packed anew for each command")
        return _temporary(root)
    for name, text in (("README.txt", README), (".gitignore", "*\n")):
        if not (home / name).exists():
            write_text(home / name, text)
    return home


@cache
def _temporary(root: Path) -> Path:
    """A folder for the packs of `root` that goes when this process ends."""
    folder, owner = tempfile.mkdtemp(prefix=f"edge-train-{root.name}-"), os.getpid()

    def remove() -> None:
        if os.getpid() == owner:  # not when a fork of it ends
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return Path(folder)
