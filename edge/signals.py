"""Ending on a signal as one ends on purpose."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import FrameType


class Stop:
    """The wish that something ends, and why; one thread waits for it.

    Not an `Event`: a signal handler that sets one while the main thread is about to wait for it
    waits for that thread's lock, for ever.

    Attributes:
        why: What was given first; '' until then.
    """

    def __init__(self) -> None:
        self.why = ""
        self._asked: SimpleQueue[str] = SimpleQueue()

    def ask(self, why: str) -> None:
        """Ask for the end; from a signal handler or any thread, and as often as one likes."""
        self.why = self.why or why
        self._asked.put(why)

    @property
    def asked(self) -> bool:
        """Whether anybody has asked."""
        return not self._asked.empty()

    def wait(self, timeout: float) -> bool:
        """Wait until somebody asks; False if nobody has within `timeout` seconds."""
        try:
            self._asked.put(self._asked.get(timeout=timeout))
        except Empty:
            return False
        return True


@contextmanager
def stopped_by_signals(stop: Callable[[str], object]) -> Iterator[None]:
    """Turn SIGINT, SIGTERM and SIGHUP into `stop(why)`; the handlers before are put back.

    A SIGHUP that is ignored stays so, as after nohup.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        stop(f"stopped by {signal.Signals(number).name}")

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers; whoever runs this elsewhere calls stop()
        return
    wanted = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        # closing the terminal would leave raised alerts behind
        wanted.append(signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
