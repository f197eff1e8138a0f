"""How soon after its start `edge-run` has looked at a frame, and how much memory it then takes."""

from __future__ import annotations

import json
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.asking import ask
from benchmarks.chart import Chart
from benchmarks.result import Figure

CHILD = "from benchmarks.startup import child; child()"


def measure(runs: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Start the service on the built-in visitor `runs` times; medians over the runs.

    Returns:
        `{"runs": n, "first_frame_s": s, "rss_mib": after the play, "peak_mib": highest}`

    Raises:
        NoAnswerError: the service does not run here.
    """
    found = []
    for run in range(runs + 1):
        start = time.monotonic()
        told = ask(CHILD)
        told["first_frame_s"] = told.pop("first_frame_at") - start
        if run:  # the first run warms the disk's cache
            found.append(told)
            say(f"run {run} of {runs}: first frame after {told['first_frame_s']:.2f} s")
    keys = ("first_frame_s", "rss_mib", "peak_mib")
    return {"runs": runs} | {key: statistics.median(one[key] for one in found) for key in keys}


def as_text(measured: dict[str, Any]) -> str:
    """One line for people."""
    runs = measured["runs"]
    of = "one run" if runs == 1 else f"medians of {runs} runs"
    return (
        f"edge-run: first frame looked at {measured['first_frame_s']:.2f} s after start; "
        f"{measured['rss_mib']:.0f} MiB RSS after the play, {measured['peak_mib']:.0f} MiB at most "
        f"({of})"
    )


def figures(measured: dict[str, Any]) -> list[Figure]:
    """The three medians."""
    return [
        Figure("first frame", measured["first_frame_s"], "s"),
        Figure("RSS", measured["rss_mib"], "MiB"),
        Figure("peak RSS", measured["peak_mib"], "MiB"),
    ]


def charts(_measured: dict[str, Any]) -> list[Chart]:
    """None: three numbers need no picture."""
    return []


def child() -> None:
    """The measured process: the whole service, told to report its first frame and its memory."""
    from edge.config import load
    from edge.service import Service
    from edge.show import JsonPrinter

    first: list[float] = []

    class Watching(JsonPrinter):
        def seen(self, observation: Any) -> None:
            if not first:
                first.append(time.monotonic())
            super().seen(observation)

    settings = {"camera.source": "demo:?pace=off"}
    Service(load(environment={}, settings=settings), Watching()).run()
    status = Path("/proc/self/status").read_text()
    rss, peak = (
        int(re.findall(rf"{key}:\s+(\d+) kB", status)[0]) / 1024 for key in ("VmRSS", "VmHWM")
    )
    print(json.dumps({"first_frame_at": first[0], "rss_mib": rss, "peak_mib": peak}))
