"""Starting the service and watching it from outside while it tells from inside."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any, Literal

from benchmarks.machine import BUSY, Watch
from benchmarks.progress import progress
from benchmarks.soak import child as measured_process
from benchmarks.soak.limits import Limits, judge
from benchmarks.soak.process import read
from benchmarks.soak.record import Record
from benchmarks.soak.running import GRACE, PATIENCE, Child, ChildError
from edge.alerts.rule import RuleConfig

SCENE = ""  # the play of `demo:`: one visitor, who gets angry once
WINDOW = 10.0  # seconds; a hundred frames, enough for a p99
WINDOWS = (60, 600)  # at least so many in a run, at most so many


@dataclass(frozen=True)
class Plan:
    """What is watched.

    Attributes:
        seconds: Of this machine's time.
        pace: `live`, as a camera gives frames; `off`, as fast as the machine can look at them.
        frames: After so many it is over, too; 0 for no end.
    """

    seconds: float = 600.0
    pace: Literal["live", "off"] = "live"
    frames: int = 0

    @property
    def window(self) -> float:
        """Seconds of a window."""
        least, most = WINDOWS
        return max(min(self.seconds / least, WINDOW), self.seconds / most, 0.5)

    @property
    def command(self) -> list[str]:
        """What starts the service."""
        return measured_process.command(
            camera=f"demo:{SCENE}?loop=on&pace={self.pace}",
            window=self.window,
            seconds=self.seconds,
            frames=self.frames,
        )


def measure(
    plan: Plan, limits: Limits | None = None, command: Sequence[str] | None = None
) -> dict[str, Any]:
    """Watch the service as planned, or until SIGINT or SIGTERM; judge what was seen.

    Args:
        command: What to start in place of the service; must print what it prints.

    Returns:
        The plan, the record (`Record.as_json`), what `judge` says of it, `interrupted`, and in
        `condition` what the machine was like.

    Raises:
        ChildError: the service died or got stuck.
    """
    others = Watch()
    record, interrupted = Record(), False
    with _interruptible(), Child(command or plan.command) as child:
        try:
            _listen(child, record, plan, PATIENCE + 3 * plan.window)
        except KeyboardInterrupt:
            interrupted = True
            child.interrupt()
            with suppress(ChildError):  # it may not have been ready to be told to end
                _listen(child, record, plan, GRACE)
    told: dict[str, Any] = {
        **asdict(plan),
        "scene": SCENE,
        "rule": asdict(RuleConfig()),
        "interrupted": interrupted,
        **record.as_json(),
    }
    condition = others.end()
    busy = (condition["after"]["others"] or 0.0) > BUSY
    return {**told, **judge(told, limits or Limits(), busy), "condition": condition}


def _listen(child: Child, record: Record, plan: Plan, patience: float) -> None:
    total = round(plan.seconds / plan.window)
    for _ in progress(_windows(child, record, patience), "soak", total):
        pass


def _windows(child: Child, record: Record, patience: float) -> Iterator[None]:
    """One item a window, for the bar."""
    for event in child.events(patience):
        if event["event"] != "window":
            record.take(event)
        elif (seen := read(child.pid)) is not None:
            record.window(event, seen, time.monotonic())
            yield


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGINT and SIGTERM raise KeyboardInterrupt, also where a shell had them ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
