"""Counts what a run's `Summary` says."""

from __future__ import annotations

import time
from collections import Counter

from edge.pipeline import Observation
from edge.show import Summary


class Tally:
    """Adds up frames.

    Attributes:
        dropped: Frames that were overtaken by a newer one; set by whoever reads the camera.
        alerts: Alerts raised.
        last: Time of the newest frame.
        visitors: Visitors seen.
        frames: Frames looked at.
    """

    def __init__(self) -> None:
        self.dropped = self.alerts = self.frames = self.visitors = 0
        self.last = 0.0
        self._first: float | None = None
        self._busy = 0.0
        self._cpu_start = 0.0
        self._cpu = 0.0
        self._stages: Counter[str] = Counter()
        self._present: set[int] = set()

    def frame(self, observation: Observation, took: float) -> None:
        """Count one frame that took `took` seconds to look at."""
        if self._first is None:
            # The first frame pays for lazy set-up in every library; it is looked at, not counted.
            self._first = observation.time
            self._cpu_start = time.process_time()
        else:
            self._busy += took
            self._stages.update(observation.stages)
        self.frames += 1
        self.last = observation.time
        self._cpu = time.process_time() - self._cpu_start
        present = {reading.visitor for reading in observation.readings}
        self.visitors += len(present - self._present)  # who has left never comes back
        self._present = present

    def summary(self, held_back: int) -> Summary:
        """The run so far."""
        counted = max(1, self.frames - 1)
        return Summary(
            seconds=self.last - self._first if self._first is not None else 0.0,
            frames=self.frames,
            dropped=self.dropped,
            visitors=self.visitors,
            alerts=self.alerts,
            frame_ms=1000 * self._busy / counted,
            cpu_ms=1000 * self._cpu / counted,
            stages_ms={name: 1000 * spent / counted for name, spent in self._stages.items()},
            held_back=held_back,
        )
