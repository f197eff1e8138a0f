"""One thread a sink: takes what waits for it out of the outbox and tries until it is over."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence

from edge.alerts.notification import Notification
from edge.alerts.outbox import AT_ONCE, Outbox
from edge.alerts.schedule import START, Schedule, silenced
from edge.alerts.sinks.base import Reacher, SendError, Sink, SinkConfig
from edge.alerts.store import Row
from edge.backoff import Backoff
from edge.message import one_line
from edge.status import SinkStatus

log = logging.getLogger(__name__)

LOOK = 30.0  # seconds after which it looks for what the command line has changed
SLACK = 60.0  # seconds that a heartbeat may be late beyond a try: the wait and a slow card
AFTER_FAULT = 5.0  # seconds
COOLDOWN = "cooldown"

Expect = Callable[[str, float], Callable[[], None]]


class Worker:
    """Delivers to one sink, in order, and never waits for another one.

    Args:
        sink: Where to.
        config: What all sinks are told.
        outbox: Where from.
        backoff: How long to leave a sink alone that fails.
        chance: Uniform in [0, 1).
    """

    def __init__(
        self,
        sink: Sink,
        config: SinkConfig,
        outbox: Outbox,
        backoff: Backoff,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.sink, self.config = sink, config
        self._outbox, self._chance = outbox, chance
        self._accepted = outbox.accepted(sink.name) if config.cooldown > 0 else {}
        rest = START * chance() if outbox.waiting(sink.name) else 0.0
        self._schedule = Schedule(backoff, outbox.now().boot + rest)
        self._error = ""
        self._wake = threading.Event()
        self._deadline: float | None = None  # monotonic seconds, once told to stop
        self._thread = threading.Thread(target=self._run, name=f"sink {sink.name}", daemon=True)
        self._beat: Callable[[], None] = lambda: None

    @property
    def status(self) -> SinkStatus:
        """How its queue is."""
        name = self.sink.name
        return SinkStatus(
            pending=self._outbox.waiting(name),
            sent=self._outbox.ended(name, "sent"),
            dead=self._outbox.ended(name, "dead"),
            expired=self._outbox.ended(name, "expired"),
            error=self._error,
            disabled=self._outbox.disabled(name),
        )

    def start(self, expect: Expect) -> None:
        """Begin; `expect` is told how often to expect a heartbeat."""
        self._beat = expect(f"sink {self.sink.name}", self.config.timeout + SLACK)
        self._thread.start()

    def wake(self) -> None:
        """There is something new."""
        self._wake.set()

    def stop(self, deadline: float) -> None:
        """End once nothing can be sent at once, and begin no try after `deadline`.

        Args:
            deadline: Monotonic seconds.
        """
        self._deadline = deadline
        self._wake.set()

    def join(self, timeout: float) -> bool:
        """Wait for its end; False if it did not come in time."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, timeout))
        return not self._thread.is_alive()

    def turn(self) -> float:
        """Try at most one notification; return the seconds until there may be another."""
        name = self.sink.name
        rows = self._outbox.rows(name)
        if self._expired(rows):
            return 0.0  # a resolve may have been waiting for it
        pending = {row.alert: row for row in rows if row.state == "pending"}
        chosen, wait = self._schedule.next(list(pending), self._outbox.now().boot)
        if chosen is None:
            return min(wait, LOOK)
        row = pending[chosen]
        if self._silenced(row):
            self._outbox.finish(row, "expired", COOLDOWN)
        else:
            self._try(row)
        return 0.0

    def _expired(self, rows: Sequence[Row]) -> bool:
        """End what is too late; whether there was any."""
        met = f": {self._error}" if self._error else ""
        late = [(row, why + met) for row in rows if (why := self._outbox.too_late(row))][:AT_ONCE]
        if late:
            self._outbox.expire(late)
        for row, _ in late:
            self._schedule.over(row.alert)
        return bool(late)

    def _silenced(self, row: Row) -> bool:
        if row.kind != "firing" or row.purpose != "visitor" or row.asked:
            return False
        last = self._accepted.get(row.rule)
        since = self._outbox.now().age(last) if last is not None else None
        return silenced(since, self.config.cooldown)

    def _try(self, row: Row) -> None:
        try:
            notification = Notification.from_json(row.body)
        except ValueError as error:
            self._outbox.finish(row, "dead", f"cannot be read any more: {one_line(str(error))}")
            return
        sink = self.sink
        if isinstance(sink, Reacher) and not self._done(row, sink.reach, sends=False):
            return
        if self._outbox.begin(row) and self._done(row, lambda: sink.send(notification)):
            self._took(row)

    def _done(self, row: Row, step: Callable[[], None], *, sends: bool = True) -> bool:
        """Take a step of a try; if it fails, the try is over."""
        try:
            step()
        except SendError as error:
            self._refused(row, error)
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            self._refused(row, SendError(text, certain=not sends), fault=True)
        else:
            return True
        return False

    def _took(self, row: Row) -> None:
        self._outbox.finish(row, "sent", tried=True)
        if row.kind == "firing" and row.purpose == "visitor":
            self._accepted[row.rule] = self._outbox.now()
        if self._error:
            log.info("sink %s accepts again", self.sink.name)
        self._error = ""
        self._schedule.answered(row.alert, self._outbox.now().boot)

    def _refused(self, row: Row, error: SendError, *, fault: bool = False) -> None:
        text, name = one_line(str(error)), self.sink.name
        over = error.disables or error.permanent
        if over or not self._error:  # a line a change, not a try
            what = f"{row.alert} is given up" if over else "trying again until it accepts"
            what += ", and the sink is off" if error.disables else ""
            log.warning("sink %s: %s; %s", name, text, what, exc_info=error if fault else None)
        self._error = text
        if over:
            self._outbox.finish(row, "dead", text, certain=error.certain, tried=True)
            self._schedule.answered(row.alert, self._outbox.now().boot)
            if error.disables:
                self._outbox.disable(name, text)
            return
        self._outbox.failed(row, text, certain=error.certain)
        self._schedule.failed(row.alert, self._outbox.now().boot, self._chance(), error.retry_after)

    def _run(self) -> None:
        while True:
            self._wake.clear()
            wait = self._guarded_turn()
            if self._deadline is not None and (wait > 0 or time.monotonic() >= self._deadline):
                break
            if wait > 0:
                self._wake.wait(wait)
        try:
            self.sink.close()
        except Exception:
            log.exception("sink %s does not close", self.sink.name)

    def _guarded_turn(self) -> float:
        try:
            wait = self.turn()
        except Exception:
            # without a heartbeat: if it lasts, a clean start is the cure
            log.exception("sink %s: cannot work", self.sink.name)
            return AFTER_FAULT
        self._beat()
        return wait
