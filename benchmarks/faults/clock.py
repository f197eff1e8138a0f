"""The wall clock is set by a day, either way, while alerts wait: nothing expires or is delayed."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.outbox_stage import Scripted, VirtualClock, alert
from benchmarks.progress import progress
from edge.alerts.notification import Notification
from edge.alerts.outbox import Outbox, OutboxConfig
from edge.alerts.sinks.base import SendError, SinkConfig
from edge.alerts.worker import Worker
from edge.backoff import Backoff

DAY = 86400.0
BACKOFF = Backoff(first=1.0, most=60.0)


def measure(times: int = 200) -> dict[str, Any]:
    """Step the clock so many times each way, in the middle of an outage of up to eight minutes.

    Returns:
        `rows`, as every module here; `late`, alerts delivered later than the longest wait after
        the outage.
    """
    rows, late = [], 0
    for days in (-1, 1):
        found = Counter[str]()
        for number in progress(range(times), f"clock {days:+} day"):
            with tempfile.TemporaryDirectory() as place:
                found += _outage(Path(place), days, random.Random(number))
        late += found["late"]
        rows.append(
            {
                "fault": f"clock set by {days:+} day while alerts wait",
                "times": times,
                "lost": found["lost"],
                "doubled": found["doubled"],
                "told": f"nothing; {found['late']} of {found['put']:,} alerts late",
            }
        )
    return {"rows": rows, "late": late}


def _outage(place: Path, days: int, drawn: random.Random) -> Counter[str]:
    """A sink is away, the clock is set at some moment of that, the sink comes back."""
    clock, sink = VirtualClock(), Scripted("desk", _refuse)
    with closing(Outbox(OutboxConfig(str(place / "outbox.sqlite3")), clock)) as outbox:
        worker = Worker(sink, SinkConfig("x", cooldown=1.0), outbox, BACKOFF, drawn.random)
        length = drawn.uniform(1, 480)
        step_at = drawn.uniform(0, length)
        for kind, key in (("firing", "f"), ("resolved", "r")):
            outbox.put(alert(key, "i", kind), ["desk"])  # type: ignore[arg-type]
        _go(worker, clock, step_at)
        clock.step(days * DAY)
        _go(worker, clock, length - step_at)
        sink.answer = _accept
        _go(worker, clock, BACKOFF.most)
        in_time = {one.id for one in sink.accepted}
        _go(worker, clock, 1000)
    arrived = Counter(one.id for one in sink.accepted)
    return Counter(
        put=2,
        lost=2 - len(arrived),
        late=len(set(arrived) - in_time),
        doubled=sum(arrived.values()) - len(arrived),
    )


def _go(worker: Worker, clock: VirtualClock, seconds: float) -> None:
    end = clock.boot + seconds
    while clock.boot < end:
        clock.go(min(worker.turn(), end - clock.boot))
    while worker.turn() == 0:
        pass


def _refuse(_told: Notification) -> None:
    raise SendError("no connection")


def _accept(_told: Notification) -> None:
    """Take it."""
