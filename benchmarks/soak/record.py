"""What was heard and seen of the measured process, put in order; knows no clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.soak.process import Sample

KEYS = (
    "hours",
    "rss_mib",
    "pss_mib",
    "files",
    "threads",
    "cpu_percent",
    "watching_cpu_percent",
    "switches_a_second",
    "written_mib",
    "p50_ms",
    "p99_ms",
    "frames",
    "missed",
)


class Record:
    """Grows by one event of the process after the other."""

    def __init__(self) -> None:
        self.why = "cut off"
        self.frames = self.dropped = self.raised = self.held_back = 0
        self.seconds = 0.0
        self._series: dict[str, list[float | None]] = {key: [] for key in KEYS}
        self._before: tuple[float, Sample, Mapping[str, Any]] | None = None

    def take(self, event: Mapping[str, Any]) -> None:
        """An event of the service; windows go to `window`."""
        if event["event"] == "firing":
            self.raised += 1
            self.held_back += event["swallowed"]
        elif event["event"] == "ended":
            self.why = event["why"]
            self.frames, self.dropped = event["frames"], event["dropped"]
            self.seconds = event["seconds"]
            self.held_back += event["held_back"]

    def window(self, event: Mapping[str, Any], seen: Sample, at: float) -> None:
        """A window, and what the process looked like from outside when it was told.

        Args:
            at: Monotonic seconds of that look.
        """
        self.seconds = event["seconds"]
        self.frames += event["frames"]
        self.dropped += event["missed"]
        if self._before is not None:
            self._append(event, seen, at, *self._before)
        self._before = at, seen, event

    def _append(
        self,
        event: Mapping[str, Any],
        seen: Sample,
        at: float,
        before_at: float,
        before: Sample,
        earlier: Mapping[str, Any],
    ) -> None:
        passed = max(at - before_at, 1e-9)
        inside = (event["cpu_s"] - event["camera_cpu_s"]) - (
            earlier["cpu_s"] - earlier["camera_cpu_s"]
        )
        point = {
            "hours": event["seconds"] / 3600,
            "rss_mib": seen.rss_mib,
            "pss_mib": seen.pss_mib,
            "files": seen.files,
            "threads": seen.threads,
            "cpu_percent": 100 * (seen.cpu_s - before.cpu_s) / passed,
            "watching_cpu_percent": 100 * inside / passed,
            "switches_a_second": max(0, seen.switches - before.switches) / passed,
            "written_mib": seen.written_mib,
            "p50_ms": event["p50_ms"],
            "p99_ms": event["p99_ms"],
            "frames": event["frames"],
            "missed": event["missed"],
        }
        for key in KEYS:
            self._series[key].append(point[key])

    def as_json(self) -> dict[str, Any]:
        """Everything, as far as it got."""
        return {
            "why": self.why,
            "frames": self.frames,
            "dropped": self.dropped,
            "seconds": self.seconds,
            "raised": self.raised,
            "held_back": self.held_back,
            "series": self._series,
        }
