"""Keeping C libraries from talking to the user."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def native_stderr_discarded() -> Iterator[None]:
    """Discard what is written to file descriptor 2 inside the block, by whatever thread.

    libpng, libjpeg and LiteRT write there past `sys.stderr`, about things that this package
    reports in its own words.
    """
    try:
        kept = os.dup(2)
    except OSError:  # started without a stderr, so there is nothing to keep quiet
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
