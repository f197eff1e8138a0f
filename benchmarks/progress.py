"""A bar over anything that takes more than two seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")

PATIENCE = 2.0  # seconds before a bar appears


def progress(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """The same items, with a bar on stderr while they last; none where nobody watches."""
    yield from tqdm(items, what, total, delay=PATIENCE, leave=False, disable=None)
