"""A day at the desk at full speed: the real pipeline, rules and outbox, on the frames' own time.

The built-in visitor comes every twenty seconds, gets angry once and leaves; each alert goes through
an outbox on disk to two sinks, one of which refuses every tenth try. Whatever would grow in a day
has grown at the end.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.progress import progress
from benchmarks.soak.expected import angry_times
from benchmarks.soak.process import Sample, read
from edge.alerts.config import OutboxConfig
from edge.alerts.dispatch import Dispatcher
from edge.alerts.notification import Notification
from edge.alerts.outbox import Outbox
from edge.alerts.rule import Event, Firing, RuleConfig
from edge.alerts.sinks.base import SendError, SinkConfig
from edge.alerts.telling import told
from edge.backoff import Backoff
from edge.camera.base import Frame
from edge.camera.demo import Stage
from edge.camera.scenes import PLAYS
from edge.config import Config
from edge.health.heartbeat import Heartbeats
from edge.vision.expression import load_model
from edge.watch import Watch

FPS, WIDTH, HEIGHT = 10.0, 320, 240  # faces are searched for at this width anyway
PLAY = PLAYS[""]
RULE = RuleConfig(cap=3600)  # the default one would hold back most of 180 an hour
REFUSES = 10  # one in so many tries
WARM = 5 * round(PLAY.seconds * FPS)  # frames after which everything has been used once
PATIENCE = 60.0  # seconds for what is still to be delivered at the end
CHUNK = 1000  # frames between two looks at the clock


class Desk:
    """A sink that counts what it has accepted.

    Args:
        refuses: One in so many tries is refused; 0 for none.

    Attributes:
        accepted: How often each notification was, by its number; they are numbered from 0.
    """

    def __init__(self, name: str, refuses: int = 0) -> None:
        self.name = name
        self.accepted = bytearray()
        self._refuses, self._tries = refuses, count(1)

    def send(self, notification: Notification) -> None:
        """Accept it or not."""
        if self._refuses and next(self._tries) % self._refuses == 0:
            raise SendError("refused, as planned")
        number = int(notification.id, 16)
        self.accepted.extend(bytes(max(0, number + 1 - len(self.accepted))))
        self.accepted[number] += 1

    def close(self) -> None:
        """There is nothing to let go of."""


@dataclass(frozen=True)
class _Day:
    """What became of it."""

    frames: int
    raised: int
    told: int
    lost: int
    doubled: int
    before: Sample
    after: Sample


def measure(hours: float = 24.0, minutes: float = 10.0) -> dict[str, Any]:
    """Watch for so many hours of the frames' time, or as many as fit into `minutes` of ours.

    Returns:
        `rows`, as every module here; `hours` watched, and `rss_mib`, `files`, `threads`, each
        after the first minutes and at the end.
    """
    with tempfile.TemporaryDirectory() as folder:
        day = _watched(hours, minutes, Path(folder) / "outbox.sqlite3")
    watched = day.frames / FPS / 3600
    pairs = {key: (getattr(day.before, key), getattr(day.after, key)) for key in _WATCHED}
    expected = angry_times(day.frames / FPS, PLAY, RULE)
    row = {
        "fault": f"{watched:.3g} hours of frames at full speed",
        "times": day.frames,
        "lost": day.lost + max(0, expected.low - day.raised),
        "doubled": day.doubled + max(0, day.raised - expected.high),
        "told": f"{day.raised:,} alerts, {day.told:,} notifications; "
        + ", ".join(f"{name} {_change(*pairs[key])}" for key, name in _WATCHED.items()),
    }
    return {"rows": [row], "hours": watched, **pairs}


_WATCHED = {"rss_mib": "MiB", "files": "files", "threads": "threads"}


def _change(before: float, after: float) -> str:
    return f"{before:.0f} to {after:.0f}"


def _watched(hours: float, minutes: float, path: Path) -> _Day:
    desks = (Desk("desk"), Desk("desk that refuses", REFUSES))
    configs = [(desk, SinkConfig("jsonl")) for desk in desks]
    dispatcher = Dispatcher(
        Outbox(OutboxConfig(path=str(path), keep_alerts=100_000)),
        configs,
        Heartbeats().expect,
        backoff=Backoff(first=0.1, most=1.0),
    )
    dispatcher.start()
    try:
        events, frames, before = _look(hours, minutes, dispatcher)
        _drain(dispatcher)
        after = _self()
    finally:
        dispatcher.stop(PATIENCE)
    got = [count for desk in desks for count in desk.accepted]
    return _Day(
        frames=frames,
        raised=events.raised,
        told=events.told,
        lost=2 * events.told - sum(map(bool, got)),
        doubled=sum(max(0, count - 1) for count in got),
        before=before,
        after=after,
    )


class _Events:
    """Puts events into the outbox under numbers of their own."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self.raised = self.told = 0

    def put(self, event: Event) -> None:
        self.raised += isinstance(event, Firing)
        self._dispatcher.put(
            told(
                event,
                id=f"{self.told:032x}",
                incident=f"day-{event.incident}",
                device="day",
                at=f"second {event.time:.1f}",
            )
        )
        self.told += 1


def _look(hours: float, minutes: float, dispatcher: Dispatcher) -> tuple[_Events, int, Sample]:
    """Look at the frames; the events, how many frames, and how the process was when warm."""
    stage = Stage(PLAY, WIDTH, HEIGHT)
    loop = [stage.render(index / FPS, index) for index in range(round(PLAY.seconds * FPS))]
    watch = Watch(Config(rules={"anger": RULE}), load_model(None))
    events, before = _Events(dispatcher), _self()
    wanted, until, seen = round(hours * 3600 * FPS), time.monotonic() + 60 * minutes, 0
    for start in progress(range(0, wanted, CHUNK), "a day", wanted // CHUNK):
        for index in range(start, min(start + CHUNK, wanted)):
            frame = Frame(loop[index % len(loop)], index / FPS, index)
            for event in watch.look(frame)[1]:
                events.put(event)
            seen += 1
        if seen <= WARM:
            before = _self()
        if time.monotonic() >= until:
            break
    for event in watch.close():
        events.put(event)
    return events, seen, before


def _drain(dispatcher: Dispatcher) -> None:
    """Wait until every sink has everything."""
    until, pause = time.monotonic() + PATIENCE, threading.Event()
    while any(sink.pending for sink in dispatcher.status()[1].values()):
        if pause.wait(0.05) or time.monotonic() > until:
            return


def _self() -> Sample:
    sample = read(os.getpid())
    assert sample is not None  # whoever asks is alive
    return sample
