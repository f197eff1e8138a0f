"""Everything that can happen to alerts, in any order, against what must hold at every moment."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from benchmarks.outbox_stage import Scripted, VirtualClock, alert
from edge.alerts.dispatch import Dispatcher
from edge.alerts.history import Entry, entries
from edge.alerts.notification import Notification
from edge.alerts.outbox import Outbox, OutboxConfig
from edge.alerts.schedule import time_to_live
from edge.alerts.sinks.base import SendError, SinkConfig

SINKS = ("desk", "lamp")
COOLDOWN = {"desk": 0.0, "lamp": 60.0}
PURPOSES = {"desk": ("visitor", "operator"), "lamp": ("visitor",)}
OUTCOMES = (
    *("accepted", "accepted", "accepted", "refused", "refused later", "lost answer", "broken"),
    *("permanent", "killed before", "killed after"),
)
SAID_NO = ("refused", "refused later", "permanent")


class Killed(BaseException):
    """kill -9 in the middle of a try."""


class OutboxMachine(RuleBasedStateMachine):
    """Two sinks, one process after another."""

    @initialize()
    def begin(self) -> None:
        self.place = tempfile.TemporaryDirectory()
        self.config = OutboxConfig(str(Path(self.place.name) / "outbox.sqlite3"), keep_days=3650)
        self.clock = VirtualClock()
        self.put: dict[str, Notification] = {}
        self.open: dict[str, Notification] = {}  # raised by the present process
        self.tries: list[tuple[str, Notification, str]] = []  # sink, what, how it ended
        self.accepted: dict[tuple[str, str], tuple[str, float]] = {}  # boot id, boot seconds
        self.violations: list[str] = []
        self.outcome = dict.fromkeys(SINKS, "accepted")
        self._start()

    def _start(self) -> None:
        self.outbox = Outbox(self.config, self.clock)
        assert self.outbox.reason == ""
        sinks = [
            (Scripted(name, self._answer(name)), SinkConfig("x", PURPOSES[name], COOLDOWN[name]))
            for name in SINKS
        ]
        self.dispatcher = Dispatcher(
            self.outbox, sinks, lambda _name, _limit: lambda: None, chance=lambda: 0.5
        )
        self.dispatcher.resolve_left()
        self.open.clear()

    def _answer(self, sink: str):  # type: ignore[no-untyped-def]
        def answer(notification: Notification) -> None:
            outcome = self.outcome[sink]
            try:
                self._check_try(sink, notification)
            except AssertionError as error:  # the worker would take it for the sink's
                self.violations.append(str(error))
            self.tries.append((sink, notification, outcome))
            if outcome == "refused":
                raise SendError("no")
            if outcome == "refused later":
                raise SendError("not now", retry_after=20.0)
            if outcome == "permanent":
                raise SendError("never", permanent=True)
            if outcome == "lost answer":
                raise SendError("no answer", certain=False)
            if outcome == "broken":
                raise ValueError("a fault in the sink")
            if outcome.startswith("killed"):
                raise Killed

        return answer

    def _check_try(self, sink: str, told: Notification) -> None:
        mine = [(what, how) for where, what, how in self.tries if where == sink]
        before = [(what, how) for what, how in mine if what.id == told.id]
        assert "accepted" not in [how for _, how in before], "sent after it was accepted"
        assert "permanent" not in [how for _, how in before], "sent after it was given up"
        assert all(what.as_json() == told.as_json() for what, _ in before), "another body"
        of_incident = [(what, how) for what, how in mine if what.incident == told.incident]
        if told.kind == "resolved":
            assert (
                len({what.id for what, _ in of_incident if what.kind == "resolved"} | {told.id})
                == 1
            )
            may = [how for what, how in of_incident if what.kind == "firing" and how not in SAID_NO]
            assert may, "a resolve without its firing"
        else:
            assert all(what.kind != "resolved" for what, _ in of_incident), "out of order"
        if told.kind == "firing" and told.purpose == "visitor" and COOLDOWN[sink]:
            last = self.accepted.get((sink, told.rule))
            if last is not None and last[0] == self.clock.boot_id:
                assert self.clock.boot - last[1] >= COOLDOWN[sink], "within the cooldown"

    @rule(
        name=st.sampled_from(("anger", "anger", "grief")),
        purpose=st.sampled_from(("visitor", "operator")),
    )
    def fire(self, name: str, purpose: str) -> None:
        number = len(self.put)
        told = alert(f"f{number}", f"i{number}", "firing", purpose, name)  # type: ignore[arg-type]
        self.put[told.id] = self.open[told.incident] = told
        self.dispatcher.put(told)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def resolve(self, data: st.DataObject) -> None:
        incident = data.draw(st.sampled_from(sorted(self.open)))
        firing = self.open.pop(incident)
        told = alert(f"r{len(self.put)}", incident, "resolved", firing.purpose, firing.rule)
        self.put[told.id] = told
        self.dispatcher.put(told)

    @precondition(lambda self: self.put)
    @rule(data=st.data())
    def put_again(self, data: st.DataObject) -> None:
        self.dispatcher.put(self.put[data.draw(st.sampled_from(sorted(self.put)))])

    @rule(sink=st.sampled_from((0, 1)), outcome=st.sampled_from(OUTCOMES), go=st.booleans())
    def turn(self, sink: int, outcome: str, go: bool) -> None:
        worker = self.dispatcher.workers[sink]
        name = worker.sink.name
        self.outcome[name] = outcome
        fresh = self._fresh(name)
        tried = len(self.tries)
        try:
            wait = worker.turn()
            if wait > 0 and go:
                self.clock.go(min(wait, 60.0))
                fresh = self._fresh(name)
                worker.turn()
        except Killed:
            self._crash()
            return
        for where, what, how in self.tries[tried:]:
            if how == "accepted" and what.kind == "firing" and what.purpose == "visitor":
                self.accepted[where, what.rule] = (self.clock.boot_id, self.clock.boot)
        for entry in self._entries():
            for one in entry.attempts:
                if (entry.id, one.sink) in fresh:
                    assert not one.error.startswith("not accepted within"), "expired too early"

    def _fresh(self, sink: str) -> set[tuple[str, str]]:
        return {
            (row.alert, sink)
            for row in self.outbox.rows(sink)
            if row.since.boot_id == self.clock.boot_id
            and self.clock.boot - row.since.boot <= time_to_live(self.config, row.purpose, row.kind)
        }

    @rule(seconds=st.sampled_from((1, 10, 45, 100, 700, 90000)))
    def time_passes(self, seconds: int) -> None:
        self.clock.go(seconds)

    @rule(days=st.sampled_from((-1, 1)))
    def clock_is_set(self, days: int) -> None:
        self.clock.step(86400 * days)

    @rule()
    def restart(self) -> None:
        self._crash()

    @rule(off=st.sampled_from((5, 300, 4000)))
    def power_cut(self, off: int) -> None:
        self.outbox.close()
        self.clock.reboot(off)
        self._start()

    @rule()
    def look_after_it(self) -> None:
        self.dispatcher.keep(purge=True)

    def _crash(self) -> None:
        self.outbox.close()  # what is not committed by now is gone, as after kill -9
        self._start()

    def _entries(self) -> list[Entry]:
        return self.outbox._read(lambda connection: list(entries(connection)))

    @invariant()
    def nothing_is_lost(self) -> None:
        if not hasattr(self, "put"):
            return
        assert self.violations == []
        found = {entry.id: entry for entry in self._entries()}
        assert set(self.put) <= set(found)
        ends: dict[tuple[str, str], list[str]] = defaultdict(list)
        for sink, what, how in self.tries:
            ends[what.id, sink].append(how)
        for entry in found.values():
            for one in entry.attempts:
                how = ends[entry.id, one.sink]
                if one.state == "sent":
                    assert how[-1] == "accepted"
                elif one.state == "dead":
                    assert how[-1] == "permanent"
                elif one.state == "expired":
                    assert one.error.startswith(("not accepted", "cooldown", "its alert was never"))
                    if one.error.startswith("its alert"):
                        self._check_never_told(entry.incident, one.sink)

    def _check_never_told(self, incident: str, sink: str) -> None:
        assert not [
            how
            for where, what, how in self.tries
            if (where, what.incident, what.kind) == (sink, incident, "firing")
            and how not in SAID_NO
        ], "told of it, and never of its end"

    @invariant()
    def every_incident_has_one_end_at_most(self) -> None:
        if hasattr(self, "put"):
            ends = [entry.incident for entry in self._entries() if entry.kind == "resolved"]
            assert len(ends) == len(set(ends))

    def teardown(self) -> None:
        if not hasattr(self, "put"):
            return
        self._crash()  # resolves what is left
        self.outcome = dict.fromkeys(SINKS, "accepted")
        for worker in self.dispatcher.workers:
            for _ in range(10 * len(self.put) + 10):
                if (wait := worker.turn()) > 0:
                    self.clock.go(min(wait, 60.0))
            assert self.outbox.rows(worker.sink.name) == []
        found = self._entries()
        assert {e.incident for e in found if e.kind == "resolved"} == {e.incident for e in found}
        self.nothing_is_lost()
        self.outbox.close()
        self.place.cleanup()


OutboxMachine.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestOutbox = OutboxMachine.TestCase
