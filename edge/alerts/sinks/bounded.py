"""A deadline for calls that have none: name look-ups, and libraries that may block for minutes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


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
