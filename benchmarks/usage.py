"""How busy others keep the processor while something is timed.

The load average is of the last minute, in which the measurement itself may have run, so it is no
answer; the difference of two readings of /proc/stat is.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

# places in the line `cpu` of /proc/stat; `guest` is counted in `user` already
WORKING = (0, 1, 2, 5, 6, 7)  # user, nice, system, irq, softirq, steal


@dataclass(frozen=True)
class Usage:
    """The processor's account at one moment.

    Attributes:
        busy: Seconds that all cores together have worked since the machine started.
        own: Seconds of that by this process and by the children it has waited for.
        at: When this was read, monotonic seconds.
    """

    busy: float
    own: float
    at: float


def usage(root: Path = Path("/")) -> Usage | None:
    """Read the account; None where there is no /proc/stat.

    Args:
        root: Where `proc` lies.
    """
    try:
        text = (root / "proc/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    busy = busy_seconds(text, os.sysconf("SC_CLK_TCK"))
    if busy is None:
        return None
    spent = os.times()
    own = spent.user + spent.system + spent.children_user + spent.children_system
    return Usage(busy, own, time.monotonic())


def busy_seconds(stat: str, ticks_a_second: int = 100) -> float | None:
    """Seconds of work by all cores, from the text of /proc/stat; None if it does not tell."""
    for line in stat.splitlines():
        name, *ticks = line.split()
        if name == "cpu" and len(ticks) > max(WORKING) and all(map(str.isdigit, ticks)):
            return sum(int(ticks[place]) for place in WORKING) / ticks_a_second
    return None


def others(before: Usage | None, after: Usage | None) -> float | None:
    """Cores that other processes kept busy between two readings; None if either is not known."""
    if before is None or after is None or after.at <= before.at:
        return None
    by_others = (after.busy - before.busy) - (after.own - before.own)
    # the two accounts are kept in ticks, so a quiet machine may come out a little below nothing
    return max(0.0, by_others / (after.at - before.at))
