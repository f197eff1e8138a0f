"""What the disk need not be told of each try: an outage of days must not wear the card out."""

from __future__ import annotations

from collections import Counter

from edge.alerts.store import Row


class Tries:
    """Failures that are not on disk yet, and begun tries that are; the caller holds the lock."""

    def __init__(self) -> None:
        self._unsaved: Counter[tuple[str, str]] = Counter()
        self._begun: set[tuple[str, str]] = set()

    def begin(self, row: Row) -> None:
        """The disk is told that `row` may arrive from now on."""
        self._begun.add(_key(row))

    def unsaved(self, row: Row) -> int:
        """Failed tries that the disk does not know of."""
        return self._unsaved[_key(row)]

    def failed(self, row: Row, error: str, uncertain: bool) -> int:
        """A try has failed; how many the disk is to be told of now.

        What it knows but for their number waits until that has doubled.
        """
        key = _key(row)
        self._unsaved[key] += 1
        tries = self._unsaved[key]
        known = (row.error, row.uncertain) == (error, uncertain) and key not in self._begun
        return 0 if known and tries < row.attempts else tries

    def saved(self, row: Row) -> None:
        """The disk knows all of `row`."""
        self._unsaved.pop(_key(row), None)
        self._begun.discard(_key(row))


def _key(row: Row) -> tuple[str, str]:
    return row.alert, row.sink
