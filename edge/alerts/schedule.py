"""When a notification is tried, how long it lives, what becomes of a resolve: no clock in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edge.alerts.config import OutboxConfig
from edge.backoff import Backoff

State = Literal["pending", "waiting", "sent", "dead", "expired"]
STATES: tuple[State, ...] = ("pending", "waiting", "sent", "dead", "expired")
OPEN: tuple[State, ...] = ("pending", "waiting")  # the others are final

LONGEST_REST = 3600.0  # seconds; a Retry-After of a year must not silence a sink for a year
START = 2.0  # seconds over which the first tries after a start are spread


def time_to_live(config: OutboxConfig, purpose: str, kind: str) -> float:
    """Seconds after which a notification is of no use any more."""
    if purpose == "operator":
        return config.operator_ttl
    return config.resolved_ttl if kind == "resolved" else config.firing_ttl


def resolve_state(firing: State | None, uncertain: bool) -> State:
    """What becomes of a resolve, by its firing's delivery to the same sink.

    Args:
        firing: None where that delivery is not known, since the file that held it was lost.
        uncertain: A try of the firing was neither accepted nor surely refused.
    """
    if firing in OPEN:
        return "waiting"
    may_have_arrived = firing is None or firing == "sent" or uncertain
    return "pending" if may_have_arrived else "expired"


def silenced(since_accepted: float | None, cooldown: float) -> bool:
    """Whether a firing falls into the cooldown.

    Args:
        since_accepted: Seconds since the sink accepted a firing of that rule; None if never.
        cooldown: Seconds.
    """
    return since_accepted is not None and since_accepted < cooldown


@dataclass
class _Tries:
    failures: int = 0
    due: float = 0.0
    spell: int = 0  # of the sink, when it last failed
    in_spell: int = 0


class Schedule:
    """When one sink is tried next, and with which notification.

    A sink that fails is left alone for longer each time. What waits takes turns, so that one
    notification that the other side chokes on does not hold up the rest; once anything has been
    accepted, all that failed before goes again, oldest first.

    Args:
        backoff: How long to wait.
        start: Seconds at which the first try may be made.
    """

    def __init__(self, backoff: Backoff, start: float = 0.0) -> None:
        self._backoff, self._open_at = backoff, start
        self._failures = 0  # of the sink, in a row
        self._spell = 0  # counts what was accepted
        self._tries: dict[str, _Tries] = {}

    @property
    def failing(self) -> bool:
        """Whether the newest try failed."""
        return self._failures > 0

    def failed(self, id_: str, now: float, chance: float, retry_after: float | None = None) -> None:
        """A try of `id_` was not accepted.

        Args:
            id_: The notification's.
            now: Seconds.
            chance: Uniform in [0, 1).
            retry_after: Seconds that the other side asks to be left alone.
        """
        self._failures += 1
        tries = self._tries.setdefault(id_, _Tries())
        tries.in_spell = 1 if tries.spell != self._spell else tries.in_spell + 1
        tries.spell = self._spell
        tries.failures += 1
        tries.due = now + self._backoff.wait(tries.failures, chance)
        rest = self._backoff.wait(self._failures, chance)
        if retry_after is not None and retry_after > rest:  # false for NaN
            rest = min(retry_after, LONGEST_REST)
        self._open_at = max(self._open_at, now + rest)

    def over(self, id_: str) -> None:
        """Nothing more is to be tried of `id_`; the sink answers for itself as before."""
        self._tries.pop(id_, None)

    def answered(self, id_: str, now: float) -> None:
        """The sink took `id_`, or refused it for good: either way it is there."""
        self.over(id_)
        self._failures = 0
        self._spell += 1
        self._open_at = min(self._open_at, now)

    def next(self, ids: Sequence[str], now: float) -> tuple[str | None, float]:
        """What to try now, or None and the seconds until there may be something.

        Args:
            ids: All that waits, oldest first; what is not in it is forgotten.
            now: Seconds.
        """
        known = set(ids)
        self._tries = {id_: tries for id_, tries in self._tries.items() if id_ in known}
        if not ids:
            return None, float("inf")
        rest = self._open_at - now
        if rest > 0:
            return None, rest
        ready = [id_ for id_ in ids if self._due(id_) <= now]
        if not ready:
            return None, min(self._due(id_) for id_ in ids) - now
        return min(ready, key=self._rank), 0.0  # the oldest of those that failed least

    def _rank(self, id_: str) -> int:
        tries = self._tries.get(id_)
        return tries.in_spell if tries is not None and tries.spell == self._spell else 0

    def _due(self, id_: str) -> float:
        """When `id_` may go; at once if the sink has accepted something since it failed."""
        tries = self._tries.get(id_)
        return tries.due if tries is not None and tries.spell == self._spell else 0.0
