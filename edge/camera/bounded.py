"""A call that may never return, given a deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def within(
    seconds: float, name: str, work: Callable[[], T], late: Callable[[T], object] | None = None
) -> T:
    """Call `work` on a thread of its own and wait for it.

    A thread cannot be ended from outside. One that is late is left behind as a daemon, which does
    not keep the process alive.

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
