"""Without the service's log, where what is done to it a thousand times would fill it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet(name: str = "edge") -> Iterator[None]:
    """Let nothing of that logger and those below it be told inside the block."""
    log = logging.getLogger(name)
    level, disabled = log.level, log.disabled
    log.setLevel(logging.CRITICAL + 1)
    log.disabled = True
    try:
        yield
    finally:
        log.setLevel(level)
        log.disabled = disabled
