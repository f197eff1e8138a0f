"""What the last seconds of watching were like, kept by one thread and asked by others."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass

from edge.pipeline import Observation

RATE = 10.0  # seconds over which frames a second are counted
STAGES = 600  # frames over which the stages' times are averaged: a minute at ten a second


@dataclass(frozen=True)
class Recent:
    """Figures of the last seconds.

    Attributes:
        frames: Looked at since the start.
        fps: Frames a second over the last ten seconds.
        frame_age: Seconds since a frame was looked at; None before the first.
        visitors: In view.
        visitors_total: Since the start.
        overexposed_total: Faces in frames that were too burnt out to be read, since the start.
        stages_ms: Mean milliseconds a frame by stage.
    """

    frames: int
    fps: float
    frame_age: float | None
    visitors: int
    visitors_total: int
    overexposed_total: int
    stages_ms: Mapping[str, float]


class Recorder:
    """Adds frames as they are looked at. Time is monotonic seconds, passed in."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames = 0
        self._times: deque[float] = deque()
        self._stages: deque[Mapping[str, float]] = deque(maxlen=STAGES)
        self._sums: Counter[str] = Counter()
        self._present: frozenset[int] = frozenset()
        self._visitors, self._newest, self._overexposed = 0, 0, 0

    def add(self, now: float, observation: Observation) -> None:
        """One frame was looked at."""
        present = frozenset(reading.visitor for reading in observation.readings)
        with self._lock:
            self._frames += 1
            self._times.append(now)
            self._trim(now)
            if len(self._stages) == STAGES:
                self._sums.subtract(self._stages[0])
            self._stages.append(observation.stages)
            self._sums.update(observation.stages)
            # numbers only rise; whoever was there before a blindness is no new visitor
            self._visitors += sum(visitor > self._newest for visitor in present)
            self._newest = max(self._newest, *present, 0)
            self._present = present
            self._overexposed += sum(reading.overexposed for reading in observation.readings)

    def forget_visitors(self) -> None:
        """Nobody is in view of a camera that does not see."""
        with self._lock:
            self._present = frozenset()

    def at(self, now: float) -> Recent:
        """The figures at this moment."""
        with self._lock:
            last = self._times[-1] if self._times else None
            self._trim(now)
            spanned = min(RATE, now - self._times[0]) if self._times else 0.0
            return Recent(
                frames=self._frames,
                fps=(len(self._times) - 1) / spanned if spanned > 0 else 0.0,
                frame_age=None if last is None else now - last,
                visitors=len(self._present),
                visitors_total=self._visitors,
                overexposed_total=self._overexposed,
                stages_ms={
                    name: 1000 * total / len(self._stages) for name, total in self._sums.items()
                },
            )

    def _trim(self, now: float) -> None:
        """Keep the times of the last seconds, and the newest however old it is."""
        while len(self._times) > 1 and self._times[0] < now - RATE:
            self._times.popleft()
