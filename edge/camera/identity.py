"""Which physical camera a V4L2 node is, so that it is found again under another index.

Read from sysfs; nothing is opened.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

SYSFS = Path("/sys/class/video4linux")
DEV = Path("/dev")


@dataclass(frozen=True)
class Identity:
    """A USB camera, whatever its node is called today.

    Attributes:
        vendor, product: USB identifiers, four hexadecimal digits each.
        serial: '' where the camera has none; cheap ones share one.
        index: Which of the camera's several nodes.
        port: Where it is plugged in, as sysfs names it: `1-1.2`.
        taken: Ports with another camera of the same make in them when this one was last seen.
    """

    vendor: str
    product: str
    serial: str
    index: str
    port: str
    taken: frozenset[str] = frozenset()

    def same_make(self, other: Identity) -> bool:
        """Whether nothing but the port tells them apart."""
        mine = (self.vendor, self.product, self.serial, self.index)
        return mine == (other.vendor, other.product, other.serial, other.index)


def identify(node: Path, sysfs: Path = SYSFS) -> Identity | None:
    """Identify the camera behind `node`; None if it is no USB camera."""
    mine = _read(sysfs / node.resolve().name)
    if mine is None:
        return None
    twins = (other for other in map(_read, sysfs.glob("video*")) if other and other != mine)
    return replace(mine, taken=frozenset(each.port for each in twins if mine.same_make(each)))


def find(identity: Identity, sysfs: Path = SYSFS, dev: Path = DEV) -> Path | None:
    """The node that this camera has now; None if it is not there.

    A camera of the same make in another port is taken for it, since people replug where there is
    room; not if it was there beside it before, and not if there are two to choose from.
    """
    found: dict[str, Path] = {}
    for entry in sorted(sysfs.glob("video*")):
        other = _read(entry)
        if other and identity.same_make(other) and (dev / entry.name).exists():
            found.setdefault(other.port, dev / entry.name)
    if identity.port in found:
        return found[identity.port]
    new = [node for port, node in found.items() if port not in identity.taken]
    return new[0] if len(new) == 1 else None


def _read(entry: Path) -> Identity | None:
    """What sysfs says of `/sys/class/video4linux/videoN`; `device` is the USB interface."""
    try:
        usb = (entry / "device").resolve(strict=True).parent
        vendor, product = _text(usb / "idVendor"), _text(usb / "idProduct")
    except OSError:  # pulled out in between
        return None
    if not vendor or not product:
        return None
    return Identity(vendor, product, _text(usb / "serial"), _text(entry / "index"), usb.name)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
