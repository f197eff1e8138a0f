"""How the board is, read from /sys and /proc: power, heat, memory, disk. No program is started.

What a machine does not tell is None, never 0: a desktop computer has no under-voltage alarm, and a
Pi without its firmware's files is not known to be well.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SYSFS, PROC = Path("/sys"), Path("/proc")
MOST = 64 << 10  # bytes read of a file; these have a few, /proc/meminfo 1500

# the firmware's bits: now at 0 to 3, and since the kernel last asked at 16 to 19
REASONS = ("under_voltage", "frequency_capped", "throttled", "soft_temperature_limit")
STICKY = 16


@dataclass(frozen=True)
class Throttled:
    """Why a Pi runs slower than it could; words of `REASONS`.

    Attributes:
        now: Reasons at this moment.
        lately: Reasons since the kernel's power driver last cleared them: two seconds, or since
            the boot where that driver is not loaded.
    """

    now: frozenset[str] = frozenset()
    lately: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Board:
    """One look at the board; None where it does not tell.

    Attributes:
        model: E.g. `Raspberry Pi 4 Model B Rev 1.4`.
        under_voltage: The supply is too weak, now or within the last two seconds.
        throttled: Why it runs slower than it could.
        temperature: Of the processor, degrees Celsius.
        zones: Temperature by thermal zone, degrees Celsius.
        clock, clock_most: Of the first core and its limit, Hz.
        memory_total, memory_available: Bytes.
        swap_total, swap_free: Bytes.
        disk_total, disk_free: Of the file system of a folder, bytes; free to this user.
        rss: Resident memory of this process, bytes.
    """

    model: str | None = None
    under_voltage: bool | None = None
    throttled: Throttled | None = None
    temperature: float | None = None
    zones: Mapping[str, float] = field(default_factory=dict)
    clock: int | None = None
    clock_most: int | None = None
    memory_total: int | None = None
    memory_available: int | None = None
    swap_total: int | None = None
    swap_free: int | None = None
    disk_total: int | None = None
    disk_free: int | None = None
    rss: int | None = None


def read(folder: Path | None = None, *, sysfs: Path = SYSFS, proc: Path = PROC) -> Board:
    """Look at the board. Takes about a millisecond and never raises.

    Args:
        folder: Whose file system's free space is wanted, if any.
    """
    throttled = _throttled(sysfs)
    zones = _zones(sysfs)
    memory = _memory(proc)
    total, free = _disk(folder)
    speeds = sysfs / "devices/system/cpu/cpu0/cpufreq"
    return Board(
        model=_text(proc / "device-tree/model") or None,
        under_voltage=_under_voltage(sysfs, throttled),
        throttled=throttled,
        temperature=_celsius(sysfs / "class/thermal/thermal_zone0/temp"),
        zones=zones,
        clock=_times(_number(speeds / "scaling_cur_freq"), 1000),
        clock_most=_times(_number(speeds / "cpuinfo_max_freq"), 1000),
        memory_total=memory.get("MemTotal"),
        memory_available=memory.get("MemAvailable"),
        swap_total=memory.get("SwapTotal"),
        swap_free=memory.get("SwapFree"),
        disk_total=total,
        disk_free=free,
        rss=_rss(proc),
    )


def bits(value: int) -> Throttled:
    """What the firmware's number says."""
    return Throttled(
        now=frozenset(name for place, name in enumerate(REASONS) if value >> place & 1),
        lately=frozenset(
            name for place, name in enumerate(REASONS) if value >> (place + STICKY) & 1
        ),
    )


def _throttled(sysfs: Path) -> Throttled | None:
    """The kernel calls this file deprecated and notes once a boot that it was read.

    It stays the only one that tells of throttling. Its folder is soc:firmware on a Pi 4 and
    carries an address on a Pi 5.
    """
    for path in _found(sysfs / "devices/platform", "soc*/soc*:firmware/get_throttled"):
        value = _number(path, base=16)
        if value is not None:
            return bits(value)
    return None


def _under_voltage(sysfs: Path, throttled: Throttled | None) -> bool | None:
    for path in _found(sysfs / "class/hwmon", "*/name"):
        alarm = _number(path.with_name("in0_lcrit_alarm"))
        if _text(path) == "rpi_volt" and alarm is not None:
            return alarm != 0
    return None if throttled is None else "under_voltage" in throttled.now


def _zones(sysfs: Path) -> dict[str, float]:
    """Temperatures by the zone's type; by its number where two share one."""
    zones: dict[str, float] = {}
    for path in _found(sysfs / "class/thermal", "thermal_zone*/temp"):
        heat = _celsius(path)
        if heat is not None:
            kind = _text(path.with_name("type"))
            zones[path.parent.name if not kind or kind in zones else kind] = heat
    return zones


def _celsius(path: Path) -> float | None:
    value = _number(path)
    # a sensor that is not connected tells -274000 or the like
    return value / 1000 if value is not None and -60_000 <= value <= 200_000 else None


def _memory(proc: Path) -> dict[str, int]:
    """/proc/meminfo in bytes."""
    told: dict[str, int] = {}
    for line in _text(proc / "meminfo").splitlines():
        name, _, rest = line.partition(":")
        amount = _whole(rest.removesuffix("kB"))
        if amount is not None and amount >= 0:
            told[name] = amount * 1024
    return told


def _disk(folder: Path | None) -> tuple[int | None, int | None]:
    if folder is None:
        return None, None
    try:
        about = os.statvfs(folder)
    except (OSError, ValueError):  # the latter of a name with a zero byte
        return None, None
    return about.f_blocks * about.f_frsize, about.f_bavail * about.f_frsize


def _rss(proc: Path) -> int | None:
    pages = _text(proc / "self/statm").split()
    resident = _whole(pages[1]) if len(pages) > 1 else None
    return _times(resident, os.sysconf("SC_PAGE_SIZE"))


def _times(value: int | None, factor: int) -> int | None:
    return value * factor if value is not None and value >= 0 else None


def _number(path: Path, base: int = 10) -> int | None:
    return _whole(_text(path), base)


def _whole(text: str, base: int = 10) -> int | None:
    try:
        value = int(text, base)
    except ValueError:
        return None
    return value if abs(value) < 1 << 53 else None  # beyond that it is no measurement


def _text(path: Path) -> str:
    """The beginning of a file without spaces and zero bytes around it; '' if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(MOST).decode(errors="replace").strip(" \t\n\0")
    except (OSError, ValueError):
        return ""


def _found(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))
    except OSError:  # a folder of /sys may go while it is read
        return []
