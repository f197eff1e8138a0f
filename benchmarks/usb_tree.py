"""A `/sys/class/video4linux` and a `/dev` of plain files, to plug cameras into."""

from __future__ import annotations

import shutil
from pathlib import Path


class UsbTree:
    """What the kernel shows of USB cameras, under `root`."""

    def __init__(self, root: Path) -> None:
        self.sysfs, self.dev = root / "class" / "video4linux", root / "dev"
        self._devices = root / "devices"
        for folder in (self.sysfs, self.dev, self._devices):
            folder.mkdir(parents=True)

    def plug(
        self, node: str, port: str, serial: str = "", make: str = "046d:082d", index: str = "0"
    ) -> Path:
        """A camera appears as `node`, plugged into `port`; returns the node's path."""
        usb = self._devices / port
        interface = usb / f"{port}:1.0"
        interface.mkdir(parents=True, exist_ok=True)
        vendor, product = make.split(":")
        for name, text in (("idVendor", vendor), ("idProduct", product), ("serial", serial)):
            (usb / name).write_text(f"{text}\n")
        entry = self.sysfs / node
        entry.mkdir()
        (entry / "index").write_text(f"{index}\n")
        (entry / "device").symlink_to(interface)
        (self.dev / node).touch()
        return self.dev / node

    def unplug(self, node: str) -> None:
        """The camera's node disappears, and what sysfs says of it."""
        shutil.rmtree(self.sysfs / node)
        (self.dev / node).unlink()
