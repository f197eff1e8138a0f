"""What cameras this machine has; none of them is opened."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from edge.errors import CameraError

log = logging.getLogger(__name__)

# A Raspberry Pi's codecs and the stages of its own camera's way, dozens of nodes without a picture
INNER = ("bcm2835-", "pispbe", "rp1-cfe", "rpi-hevc", "rpivid", "unicam")


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
            if name.startswith(INNER):
                continue
            found.append((int(number), Listed(number, name, lasting.get(node.name, ""))))
    return [listed for _, listed in sorted(found)]


def list_picamera() -> list[Listed]:
    """Raspberry Pi cameras, where picamera2 is installed; libcamera only lists them."""
    if find_spec("picamera2") is None:
        return []
    from edge.bounded import within
    from edge.camera.pi_library import load
    from edge.camera.picamera import OPEN

    try:
        cameras = within(OPEN, "list picamera", load().Picamera2.global_camera_info)
    except (CameraError, TimeoutError) as error:
        log.warning("Raspberry Pi cameras cannot be listed: %s", error)
        return []
    return [
        Listed(f"picamera:{place}", camera["Model"], f"picamera:{camera['Id']}")
        for place, camera in enumerate(cameras)
        if "/usb" not in camera["Id"]  # has a V4L2 node, too
    ]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
