"""Why a device that is there cannot be opened, found out without opening it again."""

from __future__ import annotations

import os
from pathlib import Path


def why(node: Path, proc: Path = Path("/proc")) -> str:
    """One line on what keeps this user from `node`; '' where nothing can be found.

    Other users' processes can be seen by root only.
    """
    if not os.access(node, os.R_OK | os.W_OK):
        return f"{node}: this user may not open it; add the user to the group 'video'"
    holders = _holders(node, proc)
    if holders:
        return f"{node}: is in use by {', '.join(holders)}; end that program"
    return ""


def _holders(node: Path, proc: Path) -> list[str]:
    wanted = str(node.resolve())
    found = []
    for process in proc.glob("[0-9]*"):
        if process.name != str(os.getpid()) and _holds(process, wanted):
            found.append(f"{_name(process)} (process {process.name})")
    return sorted(found)


def _holds(process: Path, wanted: str) -> bool:
    try:
        return any(os.readlink(each) == wanted for each in (process / "fd").iterdir())  # noqa: PTH115
    except OSError:  # it has ended, or is another user's
        return False


def _name(process: Path) -> str:
    try:
        text = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        text = ""
    return text if text.isprintable() and text else "a program"
