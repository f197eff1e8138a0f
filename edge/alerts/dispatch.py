"""Outbox and sinks as one: what is put in comes out at every sink that wants it."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from edge.alerts.clock import utc
from edge.alerts.notification import Notification, Purpose
from edge.alerts.outbox import Outbox
from edge.alerts.sinks.base import Reporter, Sink, SinkConfig
from edge.alerts.telling import restarted
from edge.alerts.worker import LOOK, SLACK, Expect, Worker
from edge.backoff import Backoff
from edge.status import SinkStatus

log = logging.getLogger(__name__)

PURGE = 3600.0  # seconds between two looks for what is too old
BACKOFF = Backoff(first=1.0, most=60.0)  # a firing lives for ten minutes


class Dispatcher:
    """Keeps every notification and delivers it to each sink that is to get it.

    Example:
        dispatcher = Dispatcher(Outbox(config.outbox), sinks, heartbeats.expect)
        dispatcher.start()
        dispatcher.put(notification)
        dispatcher.stop(5.0)

    Args:
        outbox: Closed by `stop`.
        sinks: Each with its configuration; closed by `stop`.
        expect: `Heartbeats.expect`: told each worker's name and limit, gives its beat.
        backoff: How long to leave a sink alone that fails.
        chance: Uniform in [0, 1).
    """

    def __init__(
        self,
        outbox: Outbox,
        sinks: Sequence[tuple[Sink, SinkConfig]],
        expect: Expect,
        *,
        backoff: Backoff = BACKOFF,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._outbox, self._expect = outbox, expect
        self.workers = [Worker(sink, config, outbox, backoff, chance) for sink, config in sinks]
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep_all, name="outbox", daemon=True)

    def start(self) -> None:
        """Resolve what an earlier process left firing, and begin to deliver."""
        self.resolve_left()
        for worker in self.workers:
            worker.start(self._expect)
        self._keeper.start()

    def adopt(self, purpose: Purpose) -> Notification | None:
        """Take over the newest firing of a purpose that an earlier process left; before `start`.

        It is not resolved by `start`, but by whoever adopts it: a device that could not see before
        a restart and cannot see after it has told nobody twice, and takes nothing back too early.
        """
        left = [firing for firing in self._outbox.left() if firing.purpose == purpose]
        if not left:
            return None
        self._outbox.adopt(left[-1])
        return left[-1]

    def put(self, notification: Notification) -> None:
        """Keep a notification; on disk on return, or loudly in memory. Never raises."""
        try:
            self._outbox.put(notification, self._routes(notification))
        except Exception:
            log.exception("alert %s is lost: %s", notification.id, notification.text)
        for worker in self.workers:
            worker.wake()

    def status(self) -> tuple[str, dict[str, SinkStatus]]:
        """Why the outbox must be looked after, '' if it need not be; and each sink's queue."""
        return self._outbox.reason, {worker.sink.name: worker.status for worker in self.workers}

    def report(self, status: Mapping[str, float | int | str | bool | None]) -> None:
        """Hand how the device is to each sink that passes it on."""
        for worker in self.workers:
            if isinstance(worker.sink, Reporter):
                try:
                    worker.sink.report(status)
                except Exception:
                    log.exception("sink %s: cannot report", worker.sink.name)

    def stop(self, deadline: float) -> bool:
        """Send what can be sent at once, then end.

        Args:
            deadline: Seconds after which no try is begun, and a sink that hangs is left alone.

        Returns:
            Whether all ended in time. What was not delivered is, at the next start.
        """
        until = time.monotonic() + deadline
        self._stopping.set()
        for worker in self.workers:
            worker.stop(until)
        ended = [worker.join(until - time.monotonic()) for worker in self.workers]
        if self._keeper.ident is not None:
            self._keeper.join(max(0.0, until - time.monotonic()))
        ended.append(not self._keeper.is_alive())
        if all(ended):  # else whoever hangs may still have something to note
            self._outbox.close()
        return all(ended)

    def resolve_left(self) -> None:
        """Resolve the incidents that an earlier process left firing."""
        at = utc(self._outbox.now().wall)
        for firing in self._outbox.left():
            self.put(restarted(firing, at=at))

    def keep(self, purge: bool) -> None:
        """Look after the outbox: back to the disk, nothing too old."""
        if self._outbox.recover():
            self.resolve_left()
        if purge:
            self._outbox.expire_unserved({worker.sink.name for worker in self.workers})
            self._outbox.purge()

    def _routes(self, notification: Notification) -> list[str]:
        return [
            worker.sink.name
            for worker in self.workers
            if notification.purpose in worker.config.purposes
        ]

    def _keep_all(self) -> None:
        beat = self._expect("outbox", LOOK + SLACK)
        purged = float("-inf")
        while True:
            try:
                due = time.monotonic() - purged >= PURGE
                self.keep(purge=due)
                purged = time.monotonic() if due else purged
                beat()
            except Exception:
                log.exception("the outbox cannot be looked after")
            if self._stopping.wait(LOOK):
                return
