from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmarks.outbox_stage import Scripted, VirtualClock, alert
from edge.alerts.database import Database
from edge.alerts.history import Entry, ack, entries, find, retry, retry_dead
from edge.alerts.notification import Notification
from edge.alerts.outbox import AT_ONCE, Outbox, OutboxConfig
from edge.alerts.schema import open_existing
from edge.alerts.sinks.base import SendError, SinkConfig
from edge.alerts.worker import LOOK, Worker
from edge.backoff import Backoff

CONFIG = SinkConfig("x")


@dataclass
class World:
    """An outbox, one sink and its worker, by hand."""

    path: Path
    config: SinkConfig = CONFIG
    clock: VirtualClock = field(default_factory=VirtualClock)
    sink: Scripted = field(default_factory=lambda: Scripted("desk"))

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.outbox = Outbox(OutboxConfig(str(self.path)), self.clock)
        backoff = Backoff(first=1, most=60, jitter=0)
        self.worker = Worker(self.sink, self.config, self.outbox, backoff, lambda: 0.5)

    def restart(self) -> None:
        self.outbox.close()
        self.start()
        self.clock.go(2)

    def put(self, *alerts: Notification) -> None:
        for one in alerts:
            self.outbox.put(one, ["desk"])

    def run(self) -> float:
        while (wait := self.worker.turn()) == 0:
            pass
        return wait

    def by_hand(self, change: Callable[[sqlite3.Connection], object]) -> None:
        """As the command line does, beside the running service."""
        connection = open_existing(self.path)
        try:
            change(connection)
        finally:
            connection.close()

    def states(self) -> dict[str, str]:
        return {key: entry.attempts[0].state for key, entry in self.entries().items()}

    def entries(self) -> dict[str, Entry]:
        found: list[Entry] = []
        self.by_hand(lambda connection: found.extend(entries(connection)))
        return {entry.id: entry for entry in found}

    @property
    def tried(self) -> list[str]:
        return [one.id for one in self.sink.tried]

    def refuse(self, error: Exception | None) -> None:
        def answer(_told: Notification) -> None:
            if error is not None:
                raise error

        self.sink.answer = answer


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "outbox.sqlite3")
    yield made
    made.outbox.close()


@pytest.fixture
def cool(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "cool.sqlite3", SinkConfig("x", cooldown=60))
    yield made
    made.outbox.close()


def test_what_is_accepted_is_sent_once(world: World) -> None:
    world.put(alert("a", "i"), alert("b", "i", "resolved"))
    assert world.run() == LOOK
    assert world.tried == ["a", "b"]
    assert world.states() == {"a": "sent", "b": "sent"}
    assert (world.worker.status.sent, world.worker.status.pending) == (2, 0)
    world.restart()
    world.run()
    assert world.tried == ["a", "b"]


def test_a_refusal_is_tried_again_with_the_same_bytes(world: World) -> None:
    world.refuse(SendError("no"))
    world.put(alert("a", "i"))
    assert world.run() == 1
    assert world.worker.status.error == "no"
    world.clock.go(1)
    assert world.run() == 2
    world.refuse(None)
    world.clock.go(2)
    world.run()
    assert len({one.as_json() for one in world.sink.tried}) == 1
    assert (world.entries()["a"].attempts[0].attempts, world.worker.status.error) == (3, "")


def test_retry_after_is_kept(world: World) -> None:
    world.refuse(SendError("later", retry_after=45))
    world.put(alert("a", "i"), alert("b", "j"))
    assert world.run() == LOOK  # 45, but the command line may have changed something
    world.clock.go(44.9)
    world.run()
    assert world.tried == ["a"]
    world.refuse(None)
    world.clock.go(0.2)
    world.run()
    assert world.tried == ["a", "b", "a"]


def test_what_can_never_be_accepted_is_dead_and_so_is_its_resolve(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.refuse(SendError("no such door", permanent=True))
    world.put(alert("a", "i"), alert("b", "i", "resolved"), alert("c", "j"))
    world.worker.turn()
    world.refuse(None)
    world.run()
    assert world.tried == ["a", "c"]
    assert world.states() == {"a": "dead", "b": "expired", "c": "sent"}
    assert "never delivered" in world.entries()["b"].attempts[0].error
    assert "a is given up" in caplog.text


@pytest.mark.parametrize(
    ("error", "arrives"),
    [
        (SendError("no"), False),
        (SendError("no answer", certain=False), True),
        (RuntimeError("a fault in the sink"), True),
    ],
    ids=["refused", "no answer", "broken"],
)
def test_a_resolve_is_sent_where_its_expired_firing_may_have_arrived(
    world: World, error: Exception, arrives: bool
) -> None:
    world.refuse(error)
    world.put(alert("a", "i"))
    world.run()
    world.put(alert("b", "i", "resolved"))
    world.clock.go(601)
    world.refuse(None)
    world.run()
    assert world.states() == {"a": "expired", "b": "sent" if arrives else "expired"}
    assert world.tried == (["a", "b"] if arrives else ["a"])


def test_a_process_killed_in_the_middle_of_a_try_knows_that_it_may_have_arrived(
    world: World,
) -> None:
    class Killed(BaseException):
        pass

    def die(_told: Notification) -> None:
        raise Killed

    world.put(alert("a", "i"), alert("b", "i", "resolved"))
    world.sink.answer = die
    with pytest.raises(Killed):
        world.worker.turn()
    world.clock.go(601)
    world.restart()
    world.refuse(None)
    world.run()
    assert world.states() == {"a": "expired", "b": "sent"}


def test_time_to_live_is_by_the_clock_that_nobody_sets(world: World) -> None:
    world.refuse(SendError("no"))
    world.put(alert("a", "i"))
    world.run()
    world.clock.step(86400)
    world.run()
    assert world.states() == {"a": "pending"}
    world.clock.step(-5 * 86400)
    world.clock.go(599)
    world.run()
    assert world.states() == {"a": "pending"}
    world.clock.go(2)
    world.run()
    assert world.states() == {"a": "expired"}
    assert world.entries()["a"].attempts[0].error == "not accepted within 600 s: no"


def test_what_is_off_for_longer_than_the_time_to_live_expires(world: World) -> None:
    world.put(alert("a", "i"), alert("o", "k", purpose="operator"))
    world.outbox.close()
    world.clock.reboot(700)
    world.start()
    world.clock.go(2)
    world.run()
    assert world.states() == {"a": "expired", "o": "sent"}


def test_after_a_restart_the_first_try_waits_a_little(world: World) -> None:
    world.put(alert("a", "i"))
    world.outbox.close()
    world.start()
    assert world.run() == 1.0  # half of the two seconds, by chance
    world.clock.go(1.0)
    world.run()
    assert world.tried == ["a"]


def test_the_cooldown_holds_back_firings_and_their_resolves(cool: World) -> None:
    cool.put(alert("a", "i"))
    cool.run()
    cool.put(alert("b", "j"), alert("c", "j", "resolved"), alert("d", "k", rule="grief"))
    cool.put(alert("e", "l", purpose="operator"), alert("f", "f", kind="test"))
    cool.clock.go(59)
    cool.run()
    assert cool.tried == ["a", "d", "e", "f"]
    assert (cool.states()["b"], cool.states()["c"]) == ("expired", "expired")
    assert cool.entries()["b"].attempts[0].error == "cooldown"
    cool.clock.go(2)
    cool.put(alert("g", "m"))
    cool.run()
    assert cool.tried[-1] == "g"


def test_the_cooldown_outlives_the_process(cool: World) -> None:
    cool.put(alert("a", "i"))
    cool.run()
    cool.restart()
    cool.put(alert("b", "j"))
    cool.run()
    assert (cool.tried, cool.states()["b"]) == (["a"], "expired")


@pytest.mark.parametrize("days", [-1, 1])
def test_the_cooldown_is_by_the_clock_that_nobody_sets(cool: World, days: int) -> None:
    cool.put(alert("a", "i"))
    cool.run()
    cool.clock.step(86400 * days)
    cool.put(alert("b", "j"))
    cool.run()
    assert cool.tried == ["a"]
    cool.clock.go(61)
    cool.put(alert("c", "k"))
    cool.run()
    assert cool.tried == ["a", "c"]


def test_a_firing_that_was_never_accepted_arms_no_cooldown(cool: World) -> None:
    cool.refuse(SendError("never", permanent=True))
    cool.put(alert("a", "i"))
    cool.run()
    cool.refuse(SendError("no answer", certain=False))
    cool.put(alert("b", "j"))
    cool.run()
    cool.refuse(None)
    cool.clock.go(1)
    cool.put(alert("c", "k"))
    cool.run()
    assert cool.tried == ["a", "b", "c"]  # what failed lets others go first
    assert cool.states() == {"a": "dead", "b": "expired", "c": "sent"}


def test_what_somebody_asked_for_is_sent_in_the_cooldown(cool: World) -> None:
    cool.put(alert("a", "i"))
    cool.run()
    cool.put(alert("b", "j"), alert("c", "j", "resolved"))
    cool.run()
    cool.by_hand(lambda c: retry(c, find(c, "b")[0], None, cool.clock()))
    cool.run()
    assert cool.tried == ["a", "b", "c"]


def test_a_sink_that_wants_no_more_is_off_until_it_is_asked_for(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.refuse(SendError("gone", disables=True))
    world.put(alert("a", "i"), alert("b", "i", "resolved"), alert("c", "j"))
    world.run()
    world.put(alert("d", "k"))
    world.run()
    assert world.tried == ["a"]
    assert set(world.states().values()) == {"dead", "expired"}
    assert (world.states()["c"], world.states()["d"]) == ("dead", "dead")
    assert world.worker.status.disabled
    assert "the sink is off" in caplog.text
    world.refuse(None)
    world.by_hand(lambda c: retry_dead(c, "desk", world.clock()))
    world.run()
    assert world.tried == ["a", "a", "b", "c", "d"]
    assert not world.worker.status.disabled
    world.put(alert("e", "l"))
    world.run()
    assert world.tried[-1] == "e"


def test_a_sink_that_was_off_is_tried_after_a_restart(world: World) -> None:
    world.refuse(SendError("gone", disables=True))
    world.put(alert("a", "i"))
    world.run()
    world.refuse(None)
    world.restart()
    world.put(alert("b", "j"))
    world.run()
    assert world.tried == ["a", "b"]


def test_a_retry_counts_its_time_to_live_anew(world: World) -> None:
    world.refuse(SendError("no"))
    world.put(alert("a", "i"))
    world.clock.go(601)
    world.run()
    world.refuse(None)
    world.by_hand(lambda c: retry(c, find(c, "a")[0], None, world.clock()))
    world.run()
    assert (world.tried, world.states()) == (["a"], {"a": "sent"})


def test_what_is_sent_is_not_tried_again_by_hand(world: World) -> None:
    world.put(alert("a", "i"))
    world.run()
    revived: list[int] = []
    world.by_hand(lambda c: revived.append(retry(c, find(c, "a")[0], None, world.clock())))
    world.run()
    assert (revived, world.tried) == ([0], ["a"])


def test_noting_that_an_alert_was_seen_changes_no_delivery(world: World) -> None:
    world.refuse(SendError("no"))
    world.put(alert("a", "i"))
    world.run()
    world.by_hand(lambda c: ack(c, find(c, "a")[0], world.clock()))
    assert world.entries()["a"].acked == world.clock.wall
    assert world.states() == {"a": "pending"}


def test_a_damaged_text_is_dead_and_holds_up_nothing(world: World) -> None:
    world.put(alert("a", "i"), alert("b", "j"))
    world.by_hand(lambda c: c.execute("UPDATE alerts SET body = '{\"id\": 1' WHERE id = 'a'"))
    world.run()
    assert (world.tried, world.states()) == (["b"], {"a": "dead", "b": "sent"})


def test_a_failing_sink_is_one_line_in_the_log_and_one_more_when_it_is_back(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    world.refuse(SendError("no\nand no"))
    world.put(alert("a", "i"))
    for _ in range(5):
        world.clock.go(world.run())
    world.refuse(None)
    world.clock.go(60)
    world.run()
    assert [record.message for record in caplog.records] == [
        "sink desk: no\\nand no; trying again until it accepts",
        "sink desk accepts again",
    ]


def test_on_its_thread_it_beats_sends_and_closes_its_sink(world: World) -> None:
    beats: list[tuple[str, float]] = []

    def expect(name: str, limit: float) -> Callable[[], None]:
        return lambda: beats.append((name, limit))

    world.worker.start(expect)
    world.put(alert("a", "i"))
    world.worker.wake()
    world.worker.stop(deadline=float("inf"))
    assert world.worker.join(30)
    assert world.tried == ["a"]
    assert world.sink.closed == 1
    assert beats[0][0] == "sink desk"
    assert beats[0][1] > CONFIG.timeout + LOOK


class Absent(Scripted):
    """A sink whose other side is not there while `away` is an error."""

    away: SendError | None = None

    def reach(self) -> None:
        if self.away is not None:
            raise self.away


def test_a_day_without_network_costs_the_card_a_dozen_writes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes, write = [], Database.write

    def counted(self: Database, change: Callable[[sqlite3.Connection], object]) -> object:
        writes.append(1)
        return write(self, change)

    world.sink = world.worker.sink = sink = Absent("desk")
    sink.away = SendError("no network")
    world.put(alert("a", "i", "firing", "operator"))
    world.run()
    monkeypatch.setattr(Database, "write", counted)
    for _ in range(1400):
        world.clock.go(60)
        world.run()
    assert sink.tried == []
    assert len(writes) <= 12
    sink.away = None
    world.clock.go(60)
    world.run()
    [tried] = world.entries()["a"].attempts
    assert (tried.state, tried.attempts) == ("sent", 1402)


def test_what_never_reached_the_other_side_needs_no_resolve_even_after_a_kill(
    world: World,
) -> None:
    world.sink = world.worker.sink = sink = Absent("desk")
    sink.away = SendError("no network")
    world.put(alert("a", "i"))
    world.run()
    assert not world.entries()["a"].attempts[0].uncertain
    world.put(alert("b", "i", "resolved"))
    world.clock.go(700)
    world.run()
    assert world.states() == {"a": "expired", "b": "expired"}


def test_a_fault_in_reaching_is_certain_and_does_not_end_the_worker(world: World) -> None:
    world.sink = world.worker.sink = sink = Absent("desk")
    sink.away = ValueError("a fault")  # type: ignore[assignment]
    world.put(alert("a", "i"))
    world.run()
    [tried] = world.entries()["a"].attempts
    assert (tried.error, tried.uncertain) == ("ValueError: a fault", False)


def test_a_firing_that_is_retried_takes_its_delivered_resolve_with_it(world: World) -> None:
    """It would stay raised for ever if it came after it."""
    world.refuse(SendError("no answer", certain=False))
    world.put(alert("a", "i"))
    world.run()
    world.put(alert("b", "i", "resolved"))
    world.refuse(None)
    world.clock.go(700)
    world.run()
    assert world.states() == {"a": "expired", "b": "sent"}
    world.by_hand(lambda c: retry(c, find(c, "a")[0], None, world.clock()))
    world.run()
    assert world.tried[-2:] == ["a", "b"]


def test_thousands_that_are_too_late_end_in_few_writes(world: World) -> None:
    world.refuse(SendError("no", retry_after=3600))
    world.put(*(alert(f"a{number}", f"i{number}") for number in range(AT_ONCE + 1)))
    world.clock.go(700)
    turns = 0
    while world.worker.turn() == 0:
        turns += 1
    assert turns == 2
    assert world.worker.status.expired == AT_ONCE + 1
