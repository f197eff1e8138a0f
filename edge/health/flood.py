"""Which of many alike lines are worth their place in the log."""

from __future__ import annotations

from dataclasses import dataclass

Key = tuple[str, int, str]


@dataclass
class _Kind:
    since: float
    passed: int = 0
    left_out: int = 0


class Flood:
    """Lets a few of each kind pass in a time, and counts the rest.

    Args:
        most: Of one kind that pass in `per` seconds.
        kinds: That are remembered; beyond them the oldest is forgotten, so that a year of lines
            which are all different takes no memory.
    """

    def __init__(self, most: int = 5, per: float = 60.0, kinds: int = 256) -> None:
        self._most, self._per, self._room = most, per, kinds
        self._kinds: dict[Key, _Kind] = {}

    def admit(self, key: Key, now: float) -> bool:
        """Whether this one passes; `now` are monotonic seconds."""
        kind = self._kinds.get(key)
        if kind is None:
            if len(self._kinds) >= self._room:
                self._forget()
            kind = self._kinds[key] = _Kind(now)
        if kind.passed < self._most:
            kind.passed += 1
            return True
        kind.left_out += 1
        return False

    def ended(self, now: float) -> dict[Key, int]:
        """Start the count of each kind whose time is over; how many of it were left out, if any."""
        over = {key: kind for key, kind in self._kinds.items() if now - kind.since >= self._per}
        for key in over:
            del self._kinds[key]
        return {key: kind.left_out for key, kind in over.items() if kind.left_out}

    def _forget(self) -> None:
        """Forget the oldest kind of which none was left out, else the oldest."""
        quiet = (key for key, kind in self._kinds.items() if not kind.left_out)
        del self._kinds[next(quiet, next(iter(self._kinds)))]
