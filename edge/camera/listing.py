"""What cameras this machine has, read from sysfs: nothing is opened."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Listed(NamedTuple):
    """One source: what to give `--camera`, what it is called, another lasting name or ''."""

    source: str
    name: str
    by_id: str


def list_v4l2(
    sysfs: Path = Path("/sys/class/video4linux"), dev: Path = Path("/dev")
) -> list[Listed]:
    """V4L2 capture devices in the order of their index.

    A USB camera shows several nodes; only the first of each (`index` 0) gives pictures.
    """
    lasting = {link.resolve().name: str(link) for link in sorted((dev / "v4l" / "by-id").glob("*"))}
    found = []
    for node in sysfs.glob("video*"):
        number = node.name.removeprefix("video")
        if number.isdigit() and _text(node / "index") in ("0", ""):
            name = _text(node / "name") or node.name
            found.append((int(number), Listed(number, name, lasting.get(node.name, ""))))
    return [listed for _, listed in sorted(found)]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
