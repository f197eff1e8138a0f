"""The doctor on the card: is there room, can it be written, does it fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from edge.health.finding import AS_ROOT, Finding, failed, ok, unknown, warning
from edge.health.programs import kernel_log

MIB = 1 << 20
LITTLE, TOO_LITTLE = 200 * MIB, 10 * MIB
FAILING = r"I/O error, dev mmcblk|EXT4-fs error|Remounting filesystem read-only"
REPLACE = "copy what matters and replace the card; sudo journalctl -k -g mmc tells more"


def state_folder(folder: Path) -> Iterator[Finding]:
    """Whether alerts can be kept in `folder`.

    Args:
        folder: Of the outbox; need not be there yet.
    """
    there = _nearest(folder)
    try:
        about = os.statvfs(there)
    except OSError as error:
        told = f"{there}: cannot be looked at ({error.strerror})"
        yield unknown("disk", told, AS_ROOT)
        return
    free = about.f_bavail * about.f_frsize
    told = f"{there}: {free // MIB} MiB free"
    if about.f_flag & os.ST_RDONLY:
        advice = (
            "sudo dmesg | tail says why; a card that fails is switched to read-only: replace it"
        )
        yield failed("disk", f"{there}: is read-only", advice)
    elif free < TOO_LITTLE:
        yield failed("disk", told, f"make room, or alerts are kept in memory only; df {there}")
    elif free < LITTLE:
        yield warning("disk", told, f"make room; df {there}")
    else:
        yield ok("disk", told)
    yield from _access(there, folder)


def _access(there: Path, folder: Path) -> Iterator[Finding]:
    if os.access(there, os.W_OK | os.X_OK):
        yield ok("state folder", f"{folder}: can be written by this user")
    else:
        # the service's own folder is closed to all others, as it should be
        yield unknown(
            "state folder",
            f"{folder}: this user may not write there; the service's user may",
            AS_ROOT,
        )


def root_file_system(path: Path = Path("/")) -> Iterator[Finding]:
    """Whether the system was switched to read-only, which is what the kernel does to a bad card."""
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        advice = "unless you set it up so, " + REPLACE
        yield warning("card", "the system is mounted read-only", advice)


def card(log: str | None) -> Iterator[Finding]:
    """Whether the kernel complains of the card.

    Args:
        log: Its lines that do, since the boot; None where they cannot be read.
    """
    if log is None:
        advice = AS_ROOT if os.geteuid() else ""
        yield unknown("card", "the kernel's log cannot be read", advice)
    elif log:
        yield failed("card", f"the kernel reports: {log.strip()}", REPLACE)
    else:
        yield ok("card", "the kernel reports no errors since the last boot")


def look_at_card() -> Iterator[Finding]:
    """`card` and `root_file_system`, of this machine."""
    yield from card(kernel_log(FAILING))
    yield from root_file_system()


def _nearest(folder: Path) -> Path:
    """The folder, or what of the way to it is there."""
    for each in (folder, *folder.parents):
        try:
            if each.exists():
                return each
        except OSError:
            continue
    return Path("/")
