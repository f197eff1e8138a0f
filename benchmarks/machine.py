"""On what a figure was measured, and in what condition that was."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from typing import Any

from benchmarks.usage import Usage, others, usage
from edge.versions import versions

PACKAGES = (
    "numpy",
    "opencv-python-headless",
    "ai-edge-litert",
    "tflite-runtime",
    "onnxruntime",
    "tensorflow-cpu",
    "tensorflow",
)
BUSY = 0.25  # of a core, by others, from which a timing is worth little
LISTEN = 0.5  # seconds for which one hears whether others are at work
# what the bits of get_throttled mean: now, and since the board started
THROTTLED = ("under-voltage", "frequency capped", "throttled", "soft temperature limit")
_STICKY = 16


def machine() -> dict[str, str]:
    """Board or processor, cores, system, Python and the versions that matter."""
    return {
        "machine": _board() or _processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        **versions(PACKAGES),
    }


def condition(root: Path = Path("/")) -> dict[str, Any]:
    """What makes a timing worth more or less; what the machine does not tell is None.

    Args:
        root: Where `sys` and `proc` lie.

    Returns:
        `governor` (text), `temperature` (degrees Celsius), `throttled` (what is or was, by the
        firmware's bits), `load` (runnable processes, mean of the last minute).
    """
    governor = _text(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    temperature = _text(root / "sys/class/thermal/thermal_zone0/temp")
    throttled = _text(root / "sys/devices/platform/soc/soc:firmware/get_throttled")
    load = _text(root / "proc/loadavg")
    return {
        "governor": governor,
        "temperature": int(temperature) / 1000 if temperature else None,
        "throttled": _bits(int(throttled, 16)) if throttled else None,
        "load": float(load.split()[0]) if load else None,
    }


def worries(
    found: dict[str, Any], cores: int | None = None, busy: float | None = None
) -> list[str]:
    """Why a timing taken in this condition is worth little, each with what to do.

    Args:
        found: What `condition` returned.
        cores: Of the machine; its own if None.
        busy: Cores that other processes kept busy, as `usage.others` tells; if None, the load
            average stands in for it, which also counts what this process did a moment ago.
    """
    lines = []
    if found["governor"] not in (None, "performance"):
        lines.append(
            f"the governor is {found['governor']}: figures wander; "
            "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"
        )
    if found["throttled"]:
        lines.append(f"the board reports {', '.join(found['throttled'])}: mend power or cooling")
    busy = found["load"] if busy is None else busy
    if busy is not None and busy > BUSY:
        count = cores or os.cpu_count() or 1
        lines.append(
            f"other processes keep {busy:.1f} of {count} cores busy: stop them and measure again"
        )
    return lines


class Watch:
    """Looks at the machine before and after something is timed.

    Example:
        watch = Watch()
        measured = measure()
        told = watch.end()

    Args:
        root: Where `sys` and `proc` lie.
        listen: Seconds for which it first hears whether others are at work.
    """

    def __init__(self, root: Path = Path("/"), listen: float = LISTEN) -> None:
        self._root = root
        first = usage(root)
        time.sleep(listen)
        self._start: Usage | None = usage(root)
        self._before = condition(root) | {"others": others(first, self._start)}

    def end(self) -> dict[str, Any]:
        """What the machine was like.

        Returns:
            `before` and `after`, each what `condition` returned and `others`, the cores that other
            processes kept busy in the moment before and during all of it; and `warnings`, the
            lines of `worries` over both.
        """
        after = condition(self._root) | {"others": others(self._start, usage(self._root))}
        both = (self._before, after)
        heard = [told["others"] for told in both if told["others"] is not None]
        worst = max(heard, default=0.0)
        lines = [line for told in both for line in worries(told, busy=worst)]
        return {"before": self._before, "after": after, "warnings": list(dict.fromkeys(lines))}


def _bits(value: int) -> list[str]:
    now = [word for bit, word in enumerate(THROTTLED) if value >> bit & 1]
    once = [f"{word} (earlier)" for bit, word in enumerate(THROTTLED) if value >> bit + _STICKY & 1]
    return now + once


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip("\0\n ") or None
    except OSError:
        return None


def _board() -> str:
    return _text(Path("/proc/device-tree/model")) or ""


def _processor() -> str:
    lines = (_text(Path("/proc/cpuinfo")) or "").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else ""
