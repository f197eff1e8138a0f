from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from benchmarks.outbox_stage import Scripted, VirtualClock, alert
from edge.alerts.clock import system_clock
from edge.alerts.database import RETRY_DISK
from edge.alerts.dispatch import Dispatcher
from edge.alerts.notification import Notification
from edge.alerts.outbox import Outbox, OutboxConfig
from edge.alerts.sinks.base import Reporter, SendError, SinkConfig
from edge.alerts.telling import restarted_id
from edge.backoff import Backoff
from edge.health.heartbeat import Heartbeats

DEADLINE = 30.0  # seconds; generous, for a machine that is busy
QUICK = Backoff(first=0.01, most=0.02)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    made = Outbox(OutboxConfig(str(tmp_path / "outbox.sqlite3")))
    yield made
    made.close()


def dispatcher(
    outbox: Outbox, *sinks: Scripted, expect: Callable[..., Callable[[], None]] | None = None
) -> Dispatcher:
    """Over sinks that take everything, if their name says nothing else."""
    configs = [
        SinkConfig("x", tuple(p for p in ("visitor", "operator") if p in sink.name) or ("visitor",))
        for sink in sinks
    ]
    return Dispatcher(
        outbox,
        list(zip(sinks, configs, strict=True)),
        expect or Heartbeats().expect,
        backoff=QUICK,
        chance=lambda: 0.0,
    )


def ids(sink: Scripted) -> list[str]:
    return [one.id for one in sink.accepted]


def test_each_sink_gets_what_it_is_there_for(outbox: Outbox) -> None:
    both, visitor = Scripted("visitor operator"), Scripted("visitor")
    made = dispatcher(outbox, both, visitor)
    made.start()
    made.put(alert("a", "i"))
    made.put(alert("b", "j", purpose="operator"))
    assert made.stop(DEADLINE)
    assert (ids(both), ids(visitor)) == (["a", "b"], ["a"])
    assert (both.closed, visitor.closed) == (1, 1)


def test_a_slow_sink_delays_nobody(outbox: Outbox) -> None:
    go, arrived = threading.Event(), threading.Event()

    def hang(_told: Notification) -> None:
        go.wait(DEADLINE)

    def arrive(told: Notification) -> None:
        if told.id == "c":
            arrived.set()

    slow, quick = Scripted("slow", hang), Scripted("quick", arrive)
    made = dispatcher(outbox, slow, quick)
    made.start()
    for key in "abc":
        made.put(alert(key, key))  # does not wait for the slow one, either
    assert arrived.wait(DEADLINE)
    assert ids(slow) == []
    assert made.status()[1]["slow"].pending == 3
    go.set()
    assert made.stop(DEADLINE)
    assert ids(slow) == ["a", "b", "c"]


def test_a_sink_that_hangs_does_not_hold_up_the_end(outbox: Outbox) -> None:
    go, inside = threading.Event(), threading.Event()

    def hang(_told: Notification) -> None:
        inside.set()
        go.wait(DEADLINE)

    stuck = Scripted("stuck", hang)
    made = dispatcher(outbox, stuck)
    made.start()
    made.put(alert("a", "i"))
    assert inside.wait(DEADLINE)
    assert not made.stop(0.05)
    go.set()
    assert made.workers[0].join(DEADLINE)
    assert outbox.rows("stuck") == []  # what it then took is noted: the outbox is still open


def test_it_is_tried_until_it_is_accepted(outbox: Outbox) -> None:
    done, left = threading.Event(), iter(range(5))

    def refuse_five_times(_told: Notification) -> None:
        if next(left, None) is not None:
            raise SendError("no")
        done.set()

    sink = Scripted("visitor", refuse_five_times)
    made = dispatcher(outbox, sink)
    made.start()
    made.put(alert("a", "i"))
    assert done.wait(DEADLINE)
    assert made.stop(DEADLINE)
    assert len(sink.tried) == 6
    assert ids(sink) == ["a"]


def test_what_an_earlier_process_left_firing_is_resolved_once(tmp_path: Path) -> None:
    config = OutboxConfig(str(tmp_path / "outbox.sqlite3"))
    first = Outbox(config)
    dispatcher(first, Scripted("visitor")).put(alert("a", "i"))
    first.close()
    sink = Scripted("visitor")
    made = dispatcher(Outbox(config), sink)
    made.start()
    assert made.stop(DEADLINE)
    assert ids(sink) == ["a", restarted_id("i")]
    assert sink.accepted[1].about["reason"] == "restarted"
    again = Scripted("visitor")
    made = dispatcher(Outbox(config), again)
    made.start()
    assert made.stop(DEADLINE)
    assert ids(again) == []


def test_an_incident_that_comes_back_with_the_disk_is_resolved(tmp_path: Path) -> None:
    clock, path = VirtualClock(), tmp_path / "outbox.sqlite3"
    first = Outbox(OutboxConfig(str(path)), clock)
    first.put(alert("a", "i"), ["visitor"])
    first.close()
    path.rename(tmp_path / "away")
    path.mkdir()
    outbox = Outbox(OutboxConfig(str(path)), clock)
    made = dispatcher(outbox, Scripted("visitor"))
    made.resolve_left()
    assert "is a folder" in made.status()[0]
    path.rmdir()
    (tmp_path / "away").rename(path)
    clock.go(RETRY_DISK + 1)
    made.keep(purge=True)
    assert made.status()[0] == ""
    assert [row.alert for row in outbox.rows("visitor")] == ["a", restarted_id("i")]
    outbox.close()


def test_put_never_raises(outbox: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    made = dispatcher(outbox)
    outbox.close()
    made.put(alert("a", "i"))
    assert "alert a is lost" in caplog.text


def test_reports_go_to_those_that_pass_them_on(outbox: Outbox) -> None:
    reports: list[Mapping[str, object]] = []

    class Passing(Scripted):
        def report(self, status: Mapping[str, float | int | str | bool | None]) -> None:
            reports.append(status)

    class Broken(Scripted):
        def report(self, status: Mapping[str, float | int | str | bool | None]) -> None:
            raise ValueError(f"cannot pass on {status}")

    made = dispatcher(outbox, Scripted("a"), Broken("b"), Passing("c"))
    assert isinstance(Passing("d"), Reporter)
    made.report({"fps": 9.5})
    assert reports == [{"fps": 9.5}]


def test_every_thread_is_watched(outbox: Outbox) -> None:
    limits: dict[str, float] = {}
    beaten = {name: threading.Event() for name in ("sink visitor", "outbox")}

    def expect(name: str, limit: float) -> Callable[[], None]:
        limits[name] = limit
        return beaten[name].set

    made = dispatcher(outbox, Scripted("visitor"), expect=expect)
    made.start()
    assert all(event.wait(DEADLINE) for event in beaten.values())
    assert made.stop(DEADLINE)
    assert min(limits.values()) > 30  # the longest that a worker rests


def test_a_worker_that_cannot_work_does_not_beat(
    outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    made = dispatcher(outbox, Scripted("visitor"))
    outbox.close()
    beats: list[int] = []
    made.workers[0].start(lambda _name, _limit: lambda: beats.append(1))
    made.workers[0].stop(float("inf"))
    assert made.workers[0].join(DEADLINE)
    assert beats == []
    assert "sink visitor: cannot work" in caplog.text


def test_the_default_clock_is_the_systems(outbox: Outbox) -> None:
    assert outbox.now is system_clock


def test_an_incident_that_goes_on_is_adopted_not_resolved(tmp_path: Path) -> None:
    config = OutboxConfig(str(tmp_path / "outbox.sqlite3"))
    first = Outbox(config)
    made = dispatcher(first, Scripted("visitor operator"))
    for one in (alert("a", "i"), alert("b", "j", purpose="operator")):
        made.put(one)
    first.close()
    second = Outbox(config)
    made = dispatcher(second, Scripted("visitor operator"))
    adopted = made.adopt("operator")
    assert adopted is not None
    assert adopted.id == "b"
    assert made.adopt("operator") is None
    made.resolve_left()
    waiting = [row.alert for row in second.rows("visitor operator")]
    assert waiting == ["a", "b", restarted_id("i")]
    second.close()
