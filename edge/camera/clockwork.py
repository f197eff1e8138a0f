"""Time and threads as the camera code uses them, so that a test can play hours in a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol


class Condition(Protocol):
    """The part of `threading.Condition` that is used."""

    def __enter__(self) -> bool:
        """Take the lock."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Give the lock back."""

    def wait(self, timeout: float | None = None) -> bool:
        """Give the lock back until notified; False once `timeout` seconds have passed."""

    def notify_all(self) -> None:
        """Wake whoever waits."""


class Clockwork(Protocol):
    """A clock, and threads that wait by it."""

    def now(self) -> float:
        """Monotonic seconds."""

    def condition(self) -> Condition:
        """Something to wait on."""

    def start(self, target: Callable[[], None], name: str) -> None:
        """Run `target` on a thread that does not keep the process alive."""


class RealClockwork:
    """The system's clock and threads."""

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def condition(self) -> Condition:
        """A `threading.Condition`."""
        return threading.Condition()

    def start(self, target: Callable[[], None], name: str) -> None:
        """Run `target` on a daemon thread: a driver may block in it for ever."""
        threading.Thread(target=target, name=name, daemon=True).start()


REAL = RealClockwork()
