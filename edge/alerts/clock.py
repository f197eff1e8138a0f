"""What time it is, in a way that survives a wall clock being set."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from uuid import uuid4

UNSET = 1_767_225_600.0  # the start of 2026; a wall clock before that has not been set yet
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Moment:
    """One moment by two clocks.

    Attributes:
        wall: Seconds since 1970 by the wall clock, which may be set at any time.
        boot: Seconds since the device started, which nobody sets.
        boot_id: Which start that was.
    """

    wall: float
    boot: float
    boot_id: str

    def age(self, earlier: Moment) -> float:
        """Seconds since `earlier`, 0 or more.

        Within one start of the device the wall clock is not asked. What is from an earlier start
        is as old as the wall clock says, and at least as old as this start; only the latter is
        known where the clock had not been set then, on a board that has none of its own.
        """
        if self.boot_id == earlier.boot_id:
            return max(0.0, self.boot - earlier.boot)
        by_wall = self.wall - earlier.wall if earlier.wall >= UNSET else 0.0
        return max(0.0, by_wall, self.boot)


Clock = Callable[[], Moment]


def system_clock() -> Moment:
    """This moment by the clocks of the system."""
    boot_id, zero = _start()
    return Moment(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME) - zero, boot_id)


def utc(wall: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC, e.g. `2026-11-20T14:03:22.125+00:00`."""
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds")


@cache
def _start() -> tuple[str, float]:
    """The id of this start and the boot clock at it; of this process where /proc is hidden."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip(), 0.0
    except OSError:
        return uuid4().hex, time.clock_gettime(time.CLOCK_BOOTTIME)
