"""Every alert on disk until each sink has accepted it; in memory, and loudly so, where it cannot.

Nothing here sends: `worker.py` does, one thread a sink.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import TypeVar

from edge.alerts import schema, store
from edge.alerts.carry import carry, read_what_is_there, rescued
from edge.alerts.clock import Clock, Moment, system_clock
from edge.alerts.config import BOUNDS, OutboxConfig
from edge.alerts.notification import Notification
from edge.alerts.place import OutboxHeldError, hold, outbox_path, set_aside
from edge.alerts.schedule import State, time_to_live
from edge.alerts.schema import DamagedError, UnusableError, transaction
from edge.alerts.store import Ended, Row

__all__ = ["BOUNDS", "Outbox", "OutboxConfig"]

log = logging.getLogger(__name__)

T = TypeVar("T")

RETRY_DISK = 60.0  # seconds between two looks whether the disk can be written again
PURGED_AT_ONCE = 200  # incidents; a few pages of the card


class Outbox:
    """The database, from any thread, whatever happens to its file.

    Args:
        config: Where and for how long.
        clock: What time it is.

    Raises:
        OutboxHeldError: another process has it.
    """

    def __init__(self, config: OutboxConfig, clock: Clock = system_clock) -> None:
        self.config, self.now = config, clock
        self.path = outbox_path(config.path)
        self._lock = threading.RLock()
        self._closed = False
        self._why_memory = self._damage = ""
        self._disabled: dict[str, str] = {}
        self._mine: set[str] = set()  # incidents that this process has left firing
        self._ended: Counter[tuple[str, State]] = Counter()
        self._waiting: dict[str, int] = {}
        self._inode = 0
        self._retry_at = 0.0
        self._guard = hold(self.path)
        try:
            self._connection = self._open()
            self._count()
        except BaseException:
            self._release()
            raise

    @property
    def reason(self) -> str:
        """Why it must be looked after; '' where everything is as it should be."""
        return "; ".join(filter(None, (self._why_memory, self._damage)))

    @property
    def in_memory(self) -> bool:
        """Whether alerts are lost if the process ends now."""
        return bool(self._why_memory)

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
        if row.kind != "firing":
            return self._read(lambda c: store.is_pending(c, row))
        return self._write(lambda c: store.doubt(c, row))

    def failed(self, row: Row, error: str, *, certain: bool) -> None:
        """Note a try that was not accepted."""
        uncertain = row.uncertain or not certain
        self._write(lambda c: store.failed(c, row, error, uncertain))

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
        self._end(
            self._write(
                lambda c: store.finish(
                    c, row, state, now, error=error, uncertain=uncertain, tried=tried
                )
            )
        )

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
        for row in self._read(store.all_rows):
            if row.sink not in served and (why := self.too_late(row)):
                self.finish(row, "expired", why)

    def purge(self) -> None:
        """Forget what the limits of `OutboxConfig` say, a little at a time."""
        keep = self.config.keep_alerts
        for row in self._read(lambda c: store.crowd(c, keep)):
            self.finish(row, "expired", store.CROWDED)
        now, gone = self.now(), 1
        while gone:
            gone = self._write(
                lambda c: store.purge(
                    c, now, days=self.config.keep_days, keep=keep, most=PURGED_AT_ONCE
                )
            )

    def recover(self) -> bool:
        """Try the disk again where alerts are in memory; True if they are back on it by now."""
        with self._lock:
            self._look_at_file()
            if not self.in_memory or self.now().boot < self._retry_at or self._closed:
                return False
            return self._return_to_disk()

    def close(self) -> None:
        """Let go of file and lock; may be called twice."""
        with self._lock:
            if not self._closed:
                self._closed = True
                with suppress(sqlite3.Error):
                    self._connection.close()
                self._release()

    def _release(self) -> None:
        if self._guard is not None:
            os.close(self._guard)
            self._guard = None

    def _end(self, ended: Ended) -> None:
        self._ended.update(ended)

    def _count(self) -> None:
        self._waiting = store.waiting(self._connection)

    def _read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        return self._ask(question)

    def _write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        def changed(connection: sqlite3.Connection) -> T:
            with transaction(connection):
                return change(connection)

        return self._ask(changed)

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Ask the database; if its file fails, the one that takes its place."""
        with self._lock:
            self._look_at_file()
            try:
                answer = question(self._connection)
                self._count()
            except sqlite3.DatabaseError as error:
                if self._closed or self.in_memory or not _of_the_file(error):
                    raise
                self._fall_back(error)
                answer = question(self._connection)
                self._count()
            return answer

    def _open(self) -> sqlite3.Connection:
        """The database on disk, or one in memory with what can be read of it."""
        try:
            return self._open_on_disk()
        except UnusableError as error:
            self._lose_disk(str(error))
            source = read_what_is_there(self.path)
            try:
                return rescued(source)[0]
            finally:
                if source is not None:
                    source.close()

    def _open_on_disk(self) -> sqlite3.Connection:
        """The file's database, made anew if the file is damaged.

        Raises:
            UnusableError: that is not possible now.
        """
        if self._guard is None:
            try:
                self._guard = hold(self.path)
            except OutboxHeldError as error:  # it came while this process had no disk
                raise UnusableError(str(error)) from error
        try:
            connection = schema.open_file(self.path)
        except DamagedError as error:
            source = read_what_is_there(self.path)
            connection = self._replaced(source, str(error))
        self._inode = self._inode_now()
        return connection

    def _replaced(self, source: sqlite3.Connection | None, damage: str) -> sqlite3.Connection:
        """A new file in place of the damaged one, with what can be read of it; closes `source`.

        Raises:
            UnusableError: there can be no new file.
        """
        memory, saved = rescued(source)
        try:
            if source is not None:
                source.close()
            aside = set_aside(self.path, self.now().wall)
            self._damage = (
                f"outbox was damaged ({damage}); set aside as {aside.name}, {saved} waiting saved"
            )
            log.error("%s", self._damage)
            connection = schema.open_file(self.path)
            carry(memory, connection)
            return connection
        except (OSError, DamagedError, sqlite3.Error) as error:
            raise UnusableError(schema.reason(error, self.path)) from error
        finally:
            memory.close()

    def _fall_back(self, error: sqlite3.DatabaseError) -> None:
        """Take what waits out of a file that has failed, and go on without it."""
        memory, saved = rescued(self._connection)
        with suppress(sqlite3.Error):
            self._connection.close()
        self._connection = memory
        if not schema.is_damage(error):
            self._lose_disk(schema.reason(error, self.path))
            return
        try:
            aside = set_aside(self.path, self.now().wall)
        except OSError as trouble:
            self._lose_disk(schema.reason(trouble, self.path))
            return
        self._damage = (
            f"outbox was damaged ({error}); set aside as {aside.name}, {saved} waiting saved"
        )
        log.error("%s", self._damage)
        self._return_to_disk()

    def _look_at_file(self) -> None:
        """Notice that somebody has removed or replaced the file: what is written would be lost."""
        if self.in_memory or self._closed or self._inode_now() == self._inode:
            return
        memory, _ = rescued(self._connection)
        with suppress(sqlite3.Error):
            self._connection.close()
        self._connection = memory
        log.error("%s was removed or replaced; what waits is written to a new one", self.path)
        self._return_to_disk()

    def _return_to_disk(self) -> bool:
        try:
            disk = self._open_on_disk()
        except UnusableError as error:
            self._lose_disk(str(error))
            return False
        try:
            carry(self._connection, disk)
        except sqlite3.Error as error:
            disk.close()
            self._lose_disk(schema.reason(error, self.path))
            return False
        self._connection.close()
        self._connection = disk
        if self._why_memory:
            log.warning("outbox is on disk again: %s", self.path)
        self._why_memory = ""
        self._count()
        return True

    def _lose_disk(self, why: str) -> None:
        told = f"outbox in memory: {why}"
        if told != self._why_memory:
            log.error("%s; until then a restart loses alerts", told)
        self._why_memory = told
        self._retry_at = self.now().boot + RETRY_DISK

    def _inode_now(self) -> int:
        try:
            return self.path.stat().st_ino
        except OSError:
            return 0


def _of_the_file(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is to blame, not what was asked."""
    return not isinstance(
        error, (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.NotSupportedError)
    )
