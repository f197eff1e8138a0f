"""A clock that moves only when every thread waits: hours of a service's life in seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from types import TracebackType

from edge.camera.clockwork import Condition

SAFETY = 60.0  # real seconds after which a thread that nothing wakes is a mistake, not a wait


class EndOfTimeError(BaseException):
    """Ends threads that are left when a play is over; no `except Exception` may catch it."""


@dataclass(eq=False)
class _Waiting:
    condition: VirtualCondition
    until: float
    woken: bool = False


class VirtualClockwork:
    """Real threads by a clock of their own; see `edge.camera.clockwork.Clockwork`.

    The thread that makes it counts as one of them. Time jumps to the earliest deadline once all
    of them wait, so a wait costs nothing and comes out the same each time.

    Example:
        with VirtualClockwork() as clockwork:
            keeper = Keeper(opener, config, clockwork=clockwork)
            keeper.get(3600.0)
    """

    def __init__(self) -> None:
        self._lock = threading.Condition(threading.RLock())
        self._now = 1000.0
        self._threads = 1
        self._waiting: list[_Waiting] = []
        self._over = False

    def __enter__(self) -> VirtualClockwork:
        """Begin."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End whatever still waits."""
        with self._lock:
            self._over = True
            self._lock.notify_all()
            self._lock.wait_for(lambda: self._threads == 1, SAFETY)

    @property
    def threads(self) -> int:
        """Threads that were started and have not ended."""
        with self._lock:
            return self._threads - 1

    def now(self) -> float:
        """Seconds of this clock."""
        with self._lock:
            return self._now

    def condition(self) -> Condition:
        """A condition by this clock."""
        return VirtualCondition(self)

    def start(self, target: Callable[[], None], name: str) -> None:
        """Run `target` on a thread that this clock waits for."""
        with self._lock:
            self._threads += 1
        threading.Thread(target=self._run, args=(target,), name=name, daemon=True).start()

    def sleep(self, seconds: float) -> None:
        """Let time pass for the calling thread."""
        condition = VirtualCondition(self)
        with condition:
            condition.wait(seconds)

    def _run(self, target: Callable[[], None]) -> None:
        try:
            target()
        except EndOfTimeError:
            pass
        finally:
            with self._lock:
                self._threads -= 1
                self._advance()
                self._lock.notify_all()

    def wait(self, condition: VirtualCondition, timeout: float | None) -> bool:
        """What `VirtualCondition.wait` does; the lock is held."""
        mine = _Waiting(condition, inf if timeout is None else self._now + max(0.0, timeout))
        self._waiting.append(mine)
        self._advance()
        while not mine.woken and self._now < mine.until and not self._over:
            if not self._lock.wait(SAFETY):
                raise TimeoutError("every thread waits for another, or one does not wait by it")
        self._waiting.remove(mine)
        if self._over:
            raise EndOfTimeError
        return mine.woken

    def notify(self, condition: VirtualCondition) -> None:
        """What `VirtualCondition.notify_all` does; the lock is held."""
        for each in self._waiting:
            each.woken = each.woken or each.condition is condition
        self._lock.notify_all()

    def _advance(self) -> None:
        """Move on to the next deadline if nobody has anything left to do now."""
        asleep = [each for each in self._waiting if not each.woken and each.until > self._now]
        if self._threads and len(asleep) == self._threads:
            earliest = min(each.until for each in asleep)
            if earliest < inf:
                self._now = earliest
                self._lock.notify_all()


class VirtualCondition:
    """A condition whose time-outs are those of its clockwork; all share one lock."""

    def __init__(self, clockwork: VirtualClockwork) -> None:
        self._clockwork = clockwork

    def __enter__(self) -> bool:
        """Take the lock."""
        return self._clockwork._lock.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Give the lock back."""
        self._clockwork._lock.__exit__(kind, error, trace)

    def wait(self, timeout: float | None = None) -> bool:
        """Give the lock back until notified; False once `timeout` seconds have passed."""
        return self._clockwork.wait(self, timeout)

    def notify_all(self) -> None:
        """Wake whoever waits."""
        self._clockwork.notify(self)
