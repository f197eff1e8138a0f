"""A deadline for calls that have none: drivers, name look-ups, libraries that block for minutes.

A thread cannot be ended from outside. One that is late is left behind as a daemon, which does not
keep the process alive.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


def within(
    seconds: float, name: str, work: Callable[[], T], late: Callable[[T], object] | None = None
) -> T:
    """Call `work` on a thread of its own and wait for it.

    Args:
        seconds: How long to wait.
        name: Of the thread.
        work: What may hang.
        late: Gets what `work` returns after the deadline, to clean up after it.

    Raises:
        TimeoutError: `work` has not returned in time.
        Exception: whatever `work` raised.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = work()
        except Exception as error:
            if future.set_running_or_notify_cancel():  # somebody still waits
                future.set_exception(error)
            return
        if future.set_running_or_notify_cancel():
            future.set_result(result)
        elif late is not None:
            late(result)

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        return future.result(seconds)
    except TimeoutError:
        if future.cancel():
            raise TimeoutError(f"{name}: has not returned in {seconds:g} s") from None
        return future.result()  # it came at the last moment, or raised this itself


class Bounded:
    """Calls a function in a thread and waits for it no longer than told, one call at a time.

    A call that outlives its deadline goes on in its thread. Until it ends none other is begun, so
    that a service that never answers does not gather threads for a year.

    Args:
        name: Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._last: Future[Any] | None = None

    def call(self, function: Callable[[], T], seconds: float) -> T:
        """What the function returns or raises.

        Raises:
            TimeoutError: it has not ended in time, or the one before it has still not.
        """
        if self._last is not None and not self._last.done():
            raise TimeoutError("the call before has still not ended")
        future: Future[T] = Future()
        self._last = future
        threading.Thread(target=_run, args=(future, function), name=self._name, daemon=True).start()
        return future.result(seconds)


def _run(future: Future[T], function: Callable[[], T]) -> None:
    try:
        future.set_result(function())
    except BaseException as error:
        future.set_exception(error)
