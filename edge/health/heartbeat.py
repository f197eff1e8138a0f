"""Who still works: each worker says so, and whoever supervises them asks who has not for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class _Worker:
    limit: float
    last: float


class Heartbeats:
    """Heartbeats of any number of workers, from any thread.

    Example:
        heartbeats = Heartbeats()
        beat = heartbeats.expect("watch", limit=15)
        ...                  # the worker calls beat() at each turn of its loop
        heartbeats.stale()   # {"watch": 23.1} once it has not for more than 15 s

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._workers: dict[str, _Worker] = {}

    def expect(self, name: str, limit: float) -> Callable[[], None]:
        """From now on expect `name` to beat at least every `limit` seconds; returns its beat."""
        with self._lock:
            self._workers[name] = _Worker(limit, self._clock())

        def beat() -> None:
            with self._lock:
                if name in self._workers:
                    self._workers[name].last = self._clock()

        return beat

    def dismiss(self, name: str) -> None:
        """Expect nothing of `name` any more; it has ended as it should."""
        with self._lock:
            self._workers.pop(name, None)

    def stale(self) -> dict[str, float]:
        """Age in seconds of each heartbeat that is older than its limit."""
        with self._lock:
            now = self._clock()
            ages = {name: now - worker.last for name, worker in self._workers.items()}
            return {name: age for name, age in ages.items() if age > self._workers[name].limit}
