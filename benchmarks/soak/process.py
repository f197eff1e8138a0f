"""One look at a running process from outside, by what /proc tells of it (see proc(5))."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
# places in /proc/PID/stat after the name in brackets, which may itself hold blanks and brackets
USER, SYSTEM = 11, 12


@dataclass(frozen=True)
class Sample:
    """A process at one moment.

    Attributes:
        rss_mib: Memory in use, shared libraries counted whole.
        pss_mib: The same with shared pages divided among those who share; None if not told.
        files: Open file descriptors.
        threads: Threads.
        cpu_s: CPU seconds since its start, user and system.
        switches: Context switches of its living threads since their start.
        written_mib: What it has had written to disk; None if not told.
    """

    rss_mib: float
    pss_mib: float | None
    files: int
    threads: int
    cpu_s: float
    switches: int
    written_mib: float | None


def read(pid: int, root: Path = Path("/proc")) -> Sample | None:
    """Look at a process; None if it has ended.

    Args:
        root: Where the folders of processes lie.
    """
    folder = root / str(pid)
    status = _text(folder / "status") or ""
    rss = number(status, "VmRSS")
    ticks = cpu_ticks(_text(folder / "stat") or "")
    if rss is None or ticks is None:  # a zombie still has a status, but no memory
        return None
    pss = number(_text(folder / "smaps_rollup") or "", "Pss")
    written = number(_text(folder / "io") or "", "write_bytes")
    return Sample(
        rss_mib=rss / 1024,
        pss_mib=None if pss is None else pss / 1024,
        files=len(_names(folder / "fd")),
        threads=number(status, "Threads") or 1,
        cpu_s=ticks / os.sysconf("SC_CLK_TCK"),
        switches=_switches(folder / "task"),
        written_mib=None if written is None else written / MIB,
    )


def number(text: str, key: str) -> int | None:
    """The whole number of a line `key: number`, as in /proc/PID/status; None if it is not there."""
    found = re.search(rf"^{re.escape(key)}:\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else None


def cpu_ticks(stat: str) -> int | None:
    """Clock ticks of CPU time from the text of /proc/PID/stat; None if it is not one."""
    fields = stat.rpartition(")")[2].split()
    if len(fields) <= SYSTEM or not (fields[USER].isdigit() and fields[SYSTEM].isdigit()):
        return None
    return int(fields[USER]) + int(fields[SYSTEM])


def _switches(tasks: Path) -> int:
    """Summed over the threads: the process's own status counts its first one alone."""
    texts = [_text(tasks / name / "status") or "" for name in _names(tasks)]
    keys = ("voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")
    return sum(number(text, key) or 0 for text in texts for key in keys)


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
