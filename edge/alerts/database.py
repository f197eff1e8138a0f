"""The outbox's database, whatever happens to its file: it fails over to memory and back.

What SQLite cannot write any more (disk full, read-only, no permission, locked) is kept in memory
until the disk can be written again; a file that is damaged is set aside and begun anew.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from edge.alerts import schema
from edge.alerts.carry import carry, read_what_is_there, rescued
from edge.alerts.clock import Clock
from edge.alerts.place import OutboxHeldError, hold, is_held, set_aside
from edge.alerts.schema import DamagedError, UnusableError, transaction

log = logging.getLogger(__name__)

T = TypeVar("T")

RETRY_DISK = 60.0  # seconds between two looks whether the disk can be written again


class Database:
    """A connection that always works, from any thread.

    Args:
        path: The file.
        now: What time it is.

    Attributes:
        lock: Held while the database is asked; take it to ask several things as one.

    Raises:
        OutboxHeldError: another process has it.
    """

    def __init__(self, path: Path, now: Clock) -> None:
        self.path, self._now = path, now
        self.lock = threading.RLock()
        self._closed = False
        self._why_memory = self._damage = ""
        self._inode = 0
        self._retry_at = 0.0
        self._guard = hold(path)
        try:
            self._connection = self._open()
        except BaseException:
            self._release()
            raise

    @property
    def reason(self) -> str:
        """Why it must be looked after; '' where everything is as it should be."""
        return "; ".join(filter(None, (self._why_memory, self._damage)))

    @property
    def in_memory(self) -> bool:
        """Whether all is lost if the process ends now."""
        return bool(self._why_memory)

    def read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Ask the database; if its file fails, what takes its place."""
        with self.lock:
            self._look_at_file()
            try:
                return question(self._connection)
            except sqlite3.DatabaseError as error:
                if self._closed or self.in_memory or not _of_the_file(error):
                    raise
                self._fall_back(error)
                return question(self._connection)

    def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Change the database, all or nothing; on disk when this returns, if there is one."""

        def changed(connection: sqlite3.Connection) -> T:
            with transaction(connection):
                return change(connection)

        return self.read(changed)

    def recover(self) -> bool:
        """Try the disk again after it has failed; True if all is back on it by now."""
        with self.lock:
            self._look_at_file()
            if not self.in_memory or self._now().boot < self._retry_at or self._closed:
                return False
            return self._return_to_disk()

    def close(self) -> None:
        """Let go of file and lock, after a last try to take what is in memory to the disk.

        May be called twice.
        """
        with self.lock:
            if not self._closed:
                if self.in_memory:
                    self._return_to_disk()
                self._closed = True
                with suppress(sqlite3.Error):
                    self._connection.close()
                self._release()

    def _release(self) -> None:
        if self._guard is not None:
            os.close(self._guard)
            self._guard = None

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
        if self._guard is not None and not is_held(self.path, self._guard):
            self._release()  # the lock went with its folder; another process would get a new one
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
            aside = set_aside(self.path, self._now().wall)
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
            aside = set_aside(self.path, self._now().wall)
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
        return True

    def _lose_disk(self, why: str) -> None:
        told = f"outbox in memory: {why}"
        if told != self._why_memory:
            log.error("%s; until then a restart loses alerts", told)
        self._why_memory = told
        self._retry_at = self._now().boot + RETRY_DISK

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
