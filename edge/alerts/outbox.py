"""Every alert on disk until each sink has accepted it; in memory, and loudly so, where it cannot.

Nothing here sends: `worker.py` does, one thread a sink.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from edge.alerts import store
from edge.alerts.clock import Clock, Moment, system_clock
from edge.alerts.config import BOUNDS, OutboxConfig
from edge.alerts.database import Database
from edge.alerts.notification import Notification
from edge.alerts.place import outbox_path
from edge.alerts.schedule import State, time_to_live
from edge.alerts.store import Ended, Row
from edge.alerts.tries import Tries

__all__ = ["BOUNDS", "Outbox", "OutboxConfig"]

log = logging.getLogger(__name__)

T = TypeVar("T")

PURGED_AT_ONCE = 200  # incidents; a few pages of the card
AT_ONCE = 200  # deliveries that one write ends; others wait for it


class Outbox:
    """What waits and what became of it, from any thread.

    Args:
        config: Where and for how long.
        clock: What time it is.

    Raises:
        OutboxHeldError: another process has it.
    """

    def __init__(self, config: OutboxConfig, clock: Clock = system_clock) -> None:
        self.config, self.now = config, clock
        self.path = outbox_path(config.path)
        self._database = Database(self.path, clock)
        self._lock = self._database.lock
        self._disabled: dict[str, str] = {}
        self._mine: set[str] = set()  # incidents that this process has left firing
        self._tries = Tries()
        self._ended: Counter[tuple[str, State]] = Counter()
        self._waiting = self._database.read(store.waiting)

    @property
    def reason(self) -> str:
        """Why it must be looked after; '' where everything is as it should be."""
        return self._database.reason

    @property
    def in_memory(self) -> bool:
        """Whether alerts are lost if the process ends now."""
        return self._database.in_memory

    def waiting(self, sink: str) -> int:
        """Deliveries to a sink that are not final; as last seen, asks no disk."""
        return self._waiting.get(sink, 0)

    def ended(self, sink: str, state: State) -> int:
        """Deliveries to a sink that this process has brought to `state`."""
        return self._ended[sink, state]

    def disabled(self, sink: str) -> bool:
        """Whether a sink is off until it is asked for again."""
        return sink in self._disabled

    def put(self, notification: Notification, sinks: Sequence[str]) -> None:
        """Keep a notification for these sinks; on disk when this returns, if there is one.

        The same again, by its id, changes nothing.
        """
        now = self.now()
        with self._lock:
            self._end(self._write(lambda c: store.put(c, notification, sinks, now, self._disabled)))
            if notification.kind == "firing":
                self._mine.add(notification.incident)
            elif notification.kind == "resolved":
                self._mine.discard(notification.incident)

    def rows(self, sink: str) -> list[Row]:
        """What is not final at a sink, oldest first."""
        with self._lock:
            found = self._read(lambda c: store.rows(c, sink))
            if found and self._disabled.pop(sink, None) is not None:
                log.info("sink %s is tried again, as it was asked for", sink)
            return found

    def begin(self, row: Row) -> bool:
        """Note that a try begins; False if there is nothing to try any more."""
        if row.kind != "firing" or row.uncertain:
            return self._read(lambda c: store.is_pending(c, row))
        with self._lock:
            self._tries.begin(row)
            return self._write(lambda c: store.doubt(c, row))

    def failed(self, row: Row, error: str, *, certain: bool) -> None:
        """Note a try that was not accepted.

        One that changes nothing but their number is written to disk when that has doubled.
        """
        uncertain = row.uncertain or not certain
        with self._lock:
            if tries := self._tries.failed(row, error, uncertain):
                self._write(lambda c: store.failed(c, row, error, uncertain=uncertain, tries=tries))
                self._tries.saved(row)

    def finish(
        self, row: Row, state: State, error: str = "", *, certain: bool = True, tried: bool = False
    ) -> None:
        """Note the end of a delivery, and let the resolve that waits for it go, or end it.

        Args:
            row: The delivery.
            state: `sent`, `dead` or `expired`.
            error: Why it was not sent.
            certain: The last try surely did not arrive; of no matter for what was sent.
            tried: There was one now.
        """
        now, uncertain = self.now(), row.uncertain or not certain
        with self._lock:
            tries = self._tries.unsaved(row) + tried
            self._end(
                self._write(
                    lambda c: store.finish(
                        c, row, state, now, error=error, uncertain=uncertain, tries=tries
                    )
                )
            )
            self._tries.saved(row)

    def expire(self, rows: Sequence[tuple[Row, str]]) -> None:
        """End deliveries that are of no use any more, each with its reason, in one write."""
        now = self.now()

        def change(connection: sqlite3.Connection) -> Ended:
            ended: Ended = []
            for row, why in rows:
                known, tries = row.uncertain, self._tries.unsaved(row)
                ended += store.finish(
                    connection, row, "expired", now, error=why, uncertain=known, tries=tries
                )
            return ended

        with self._lock:
            self._end(self._write(change))
            for row, _ in rows:
                self._tries.saved(row)

    def disable(self, sink: str, error: str) -> None:
        """Give up what waits for a sink, and all that comes, until it is asked for again."""
        now = self.now()
        with self._lock:
            self._disabled[sink] = error
            self._end(self._write(lambda c: store.disable(c, sink, error, now)))

    def accepted(self, sink: str) -> dict[str, Moment]:
        """By rule, when a sink last accepted a visitor's firing."""
        now = self.now()
        return self._read(lambda c: store.accepted(c, sink, now))

    def left(self) -> list[Notification]:
        """Firings of earlier processes that nobody has resolved."""
        found = []
        with self._lock:
            for body in self._read(store.left):
                with suppress(ValueError):  # a text that a bad card has changed
                    found.append(Notification.from_json(body))
            return [one for one in found if one.incident not in self._mine]

    def adopt(self, firing: Notification) -> None:
        """Count an earlier process's firing as this one's: it will be resolved in time."""
        with self._lock:
            self._mine.add(firing.incident)

    def too_late(self, row: Row) -> str:
        """Why a delivery is of no use any more; '' while it is."""
        ttl = time_to_live(self.config, row.purpose, row.kind)
        return f"not accepted within {ttl:g} s" if self.now().age(row.since) > ttl else ""

    def expire_unserved(self, served: Collection[str]) -> None:
        """End what is past its time for sinks that are not configured any more."""
        rows = [row for row in self._read(store.all_rows) if row.sink not in served]
        self._expire_all([(row, why) for row in rows if (why := self.too_late(row))])

    def purge(self) -> None:
        """Forget what the limits of `OutboxConfig` say, a little at a time."""
        keep = self.config.keep_alerts
        rows = self._read(lambda c: store.crowd(c, keep))
        self._expire_all([(row, store.CROWDED) for row in rows])
        now, gone = self.now(), 1
        while gone:
            gone = self._write(
                lambda c: store.purge(
                    c, now, days=self.config.keep_days, keep=keep, most=PURGED_AT_ONCE
                )
            )

    def recover(self) -> bool:
        """Try the disk again where alerts are in memory; True if they are back on it by now."""
        return self._database.recover()

    def close(self) -> None:
        """Let go of file and lock; may be called twice."""
        self._database.close()

    def _expire_all(self, rows: Sequence[tuple[Row, str]]) -> None:
        for first in range(0, len(rows), AT_ONCE):
            self.expire(rows[first : first + AT_ONCE])

    def _end(self, ended: Ended) -> None:
        self._ended.update(ended)

    def _read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        return self._counted(self._database.read, question)

    def _write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        return self._counted(self._database.write, change)

    def _counted(
        self,
        ask: Callable[[Callable[[sqlite3.Connection], tuple[T, dict[str, int]]]], Any],
        question: Callable[[sqlite3.Connection], T],
    ) -> T:
        """Ask, and note how much waits, so that nobody has to touch the disk to know."""
        with self._lock:
            answer: T
            answer, self._waiting = ask(lambda c: (question(c), store.waiting(c)))
            return answer
