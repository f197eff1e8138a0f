"""What the service has the disk write: left alone, and for an alert.

A card wears out by what is written to it, so nothing is to be written while nothing happens. The
real service runs with its outbox on a disk and a webhook; the kernel counts.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.faults.measure import NotHereError
from benchmarks.faults.real_service import Accepted, ServiceError, running, webhook
from benchmarks.progress import progress
from benchmarks.soak.process import MIB, read

DISK = Path("/var/tmp")  # survives a restart, so it is on a disk where there is one
IN_MEMORY = ("tmpfs", "ramfs")  # what is written there is not counted
SETTLE = 3  # seconds after which what starting has written is on disk
CALM, ANGRY = "demo:calm?loop=on", "demo:?loop=on"
NO_CAP = {"rules.anger.cap": "3600"}  # the demo's visitor comes by every twenty seconds


@dataclass(frozen=True)
class Written:
    """What one run of the service wrote while it was watched.

    Attributes:
        seconds: Watched.
        disk: Bytes that the kernel was given to write to disks.
        log: Characters that its log has grown by, which the journal keeps as it is told to.
        files: Bytes by which each file of its state has grown.
        told: Notifications that the webhook got in that time.
        raised: Alerts in its log, from start to end.
        accepted: What the webhook got, from start to end.
    """

    seconds: float
    disk: float
    log: int
    files: dict[str, int]
    told: int
    raised: int
    accepted: Accepted

    @property
    def firing(self) -> int:
        """Alerts that the webhook got."""
        return sum(kind == "firing" for kind, _ in self.accepted)

    def an_hour(self, amount: float) -> float:
        """An amount of this run by the hour."""
        return amount * 3600 / self.seconds


def measure(minutes: float = 10.0) -> dict[str, Any]:
    """Run the service for half of `minutes` with a calm visitor, then with one who gets angry.

    Returns:
        `rows`, as every module here; `idle_bytes_an_hour`, `idle_log_bytes_an_hour`;
        `alert_bytes`, of an alert with its end, None if there was none; `files`, by which each
        has grown.

    Raises:
        NotHereError: there is no disk, or the kernel does not count.
    """
    seconds = round(30 * minutes)
    with tempfile.TemporaryDirectory(dir=DISK if DISK.is_dir() else None) as folder:
        if _kind_of_disk(Path(folder)) in IN_MEMORY:
            raise NotHereError(f"{folder} lies in memory; what is written there is not counted")
        idle = _watched(CALM, seconds, Path(folder) / "idle", {})
        busy = _watched(ANGRY, seconds, Path(folder) / "busy", NO_CAP)
    alert = 2 * busy.disk / busy.told if busy.told else None
    for_alert = "" if alert is None else f"; {alert:,.0f} for an alert with its end"
    row = {
        "fault": f"left alone for {minutes:g} minutes",
        "times": busy.firing,
        "lost": max(0, busy.raised - busy.firing),
        "doubled": sum(count - 1 for count in busy.accepted.values()),
        "told": f"{idle.an_hour(idle.disk):,.0f} bytes an hour to disk while nobody is angry"
        + for_alert,
    }
    return {
        "rows": [row],
        "idle_bytes_an_hour": idle.an_hour(idle.disk),
        "idle_log_bytes_an_hour": idle.an_hour(idle.log),
        "alert_bytes": alert,
        "files": {"idle": idle.files, "busy": busy.files},
    }


def _watched(camera: str, seconds: int, folder: Path, settings: Mapping[str, str]) -> Written:
    state = folder / "state"
    state.mkdir(parents=True)
    accepted = Accepted()
    with webhook(accepted) as address:
        flags = {
            "camera.source": camera,
            "outbox.path": str(state / "outbox.sqlite3"),
            "health.listen": "",
            "sinks.desk.type": "webhook",
            "sinks.desk.url": address,
            **settings,
        }
        with running(flags, folder / "notify") as service:
            time.sleep(SETTLE)
            before, logged, sizes = _bytes(service.pid), _length(service.log), _sizes(state)
            told = accepted.total()
            start = time.monotonic()
            for _ in progress(range(seconds), camera, seconds):
                time.sleep(1)
            took, disk = time.monotonic() - start, _bytes(service.pid) - before
            grown = {name: size - sizes.get(name, 0) for name, size in _sizes(state).items()}
            log, told = _length(service.log) - logged, accepted.total() - told
        # counted after its end, since the last alert may still have been on its way
        raised = sum(" firing: " in line for line in service.log)
    return Written(took, disk, log, grown, told, raised, accepted)


def _bytes(pid: int) -> float:
    """What the kernel has been given to write to disks for this process."""
    seen = read(pid)
    if seen is None:
        raise ServiceError("the service has ended by itself; run edge-run --service to see why")
    if seen.written_mib is None:
        raise NotHereError("/proc/PID/io does not tell what is written")
    return seen.written_mib * MIB


def _length(log: list[str]) -> int:
    return sum(map(len, log))


def _sizes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}


def _kind_of_disk(folder: Path) -> str:
    """The file system that `folder` lies on, as /proc/mounts calls it; '' if that is not known."""
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    mounts = {fields[1]: fields[2] for fields in map(str.split, lines)}
    return next((mounts[str(one)] for one in (folder, *folder.parents) if str(one) in mounts), "")
