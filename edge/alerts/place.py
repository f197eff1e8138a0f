"""Where the outbox lies, who holds it, and where damaged ones are put."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from edge.errors import EX_UNAVAILABLE, ConfigError, EdgeError

NAME = "outbox.sqlite3"
STATE = Path("/var/lib/edge-run")  # as systemd's StateDirectory= makes it
KEPT = 3  # damaged files kept for whoever wants to look


class OutboxHeldError(EdgeError, OSError):
    """Another process keeps its alerts in the same outbox."""

    exit_code = EX_UNAVAILABLE


def outbox_path(configured: str, environment: Mapping[str, str] | None = None) -> Path:
    """The outbox's file.

    Args:
        configured: `outbox.path`; empty for the state directory's.
        environment: The process's own if None.

    Raises:
        ConfigError: nothing says where.
    """
    if configured:
        return Path(configured).expanduser()
    known = os.environ if environment is None else environment
    if directory := known.get("STATE_DIRECTORY", "").partition(":")[0]:
        return Path(directory) / NAME
    # under DynamicUser= it leads into a folder that only root and the service may enter
    if os.access(STATE, os.R_OK | os.X_OK):
        return STATE / NAME
    home = known.get("XDG_STATE_HOME", "")
    try:
        folder = Path(home) if home else Path("~/.local/state").expanduser()
    except RuntimeError as error:  # a user whom nobody knows
        raise ConfigError(
            "outbox.path is empty, and this user has no home directory; name a file to keep "
            "alerts in"
        ) from error
    return folder / "edge-run" / NAME


def hold(path: Path) -> int | None:
    """Keep other processes from using the outbox at `path`; the descriptor holds it until closed.

    None where no lock file can be made.

    Raises:
        OutboxHeldError: another process holds it.
    """
    lock = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise OutboxHeldError(
            f"{path}: another edge-run keeps its alerts there; end it, or set outbox.path for "
            "this one"
        ) from None
    except OSError:  # a file system without locks
        os.close(descriptor)
        return None
    return descriptor


def is_held(path: Path, descriptor: int) -> bool:
    """Whether the lock that `hold` gave is still the one beside `path`, not of a removed file."""
    try:
        beside = path.with_name(path.name + ".lock").stat()
    except OSError:
        return False
    return os.path.samestat(beside, os.fstat(descriptor))


def set_aside(path: Path, wall: float) -> Path:
    """Rename a damaged file and its log out of the way; remove all but the newest few such.

    Args:
        path: The damaged file.
        wall: Seconds since 1970, for the name.

    Returns:
        Where it lies now.

    Raises:
        OSError: it cannot be renamed.
    """
    stamp = datetime.fromtimestamp(wall, UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.name}.corrupt-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.corrupt-{stamp}-{number:03}")
    # the log first: without the file it is nothing, but the next file must not get it
    for ending in ("-wal", ""):
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    with suppress(FileNotFoundError):
        path.with_name(path.name + "-shm").unlink()  # an index of the log; made anew
    _forget_old(path)
    return aside


def _forget_old(path: Path) -> None:
    found = path.parent.glob(f"{path.name}.corrupt-*")
    files = sorted(file for file in found if not file.name.endswith("-wal"))
    for old in files[:-KEPT]:
        for file in (old, old.with_name(old.name + "-wal")):
            with suppress(OSError):
                file.unlink()
