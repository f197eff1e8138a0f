"""The disk is full, or the outbox's file damaged, while alerts are put and sent."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.faults.measure import NotHereError
from benchmarks.outbox_stage import Scripted, VirtualClock, alert
from benchmarks.progress import progress
from edge.alerts.database import RETRY_DISK
from edge.alerts.notification import Notification
from edge.alerts.outbox import Outbox, OutboxConfig
from edge.alerts.sinks.base import SendError, SinkConfig
from edge.alerts.worker import Worker
from edge.backoff import Backoff

BEFORE, DURING, AFTER = 5, 20, 5  # alerts put, each with its resolve


def measure(times: int = 100) -> dict[str, Any]:
    """Fill a disk of 1 MB, and damage files at random places, so many times each.

    Returns:
        `rows`, as every module here. Of a damaged file only what is put afterwards counts as
        lost; how much of what waited in it was saved stands in `told`, and in `saved` as a share.

    Raises:
        NotHereError: only root may mount a small disk.
    """
    full, damaged = Counter[str](), Counter[str]()
    told = ""
    with tempfile.TemporaryDirectory() as place, _small_disk(Path(place)) as disk:
        for _ in progress(range(times), "full disk"):
            told = _fill_up(disk, full)
    for number in progress(range(times), "damaged file"):
        with tempfile.TemporaryDirectory() as place:
            _damage(Path(place), random.Random(number), damaged)
    saved = damaged["saved"] / max(1, damaged["waited"])
    rows = [
        {
            "fault": "disk full while alerts are put and sent",
            "times": times,
            "lost": full["lost"],
            "doubled": full["doubled"],
            "told": told,
        },
        {
            "fault": "outbox file or its log cut, or bytes of it changed",
            "times": times,
            "lost": damaged["lost"],
            "doubled": damaged["doubled"],
            "told": f"told and set aside {damaged['set aside']} times, else SQLite went on with "
            f"what it could read; {saved:.0%} of what waited in it arrived",
        },
    ]
    return {"rows": rows, "saved": saved}


def _fill_up(disk: Path, found: Counter[str]) -> str:
    clock, sink = VirtualClock(), Scripted("desk", _refuse)
    path, filler = disk / "outbox.sqlite3", disk / "filler"
    with closing(_opened(path, clock)) as outbox:
        worker = _worker(outbox, sink)
        put = _put(outbox, "before", BEFORE)
        _fill(filler)
        while not outbox.in_memory:  # the log may have had some room left
            put += _put(outbox, f"during{len(put)}", DURING)
        told = outbox.reason.replace(str(disk), "FOLDER")
        worker.turn()
        sink.answer = _accept
        _run(worker, clock, 0.5)
        filler.unlink()
        clock.go(RETRY_DISK + 1)
        back = outbox.recover()
        put += _put(outbox, "after", AFTER)
        sink.answer = _refuse
        worker.turn()
    with closing(_opened(path, clock)) as outbox:  # what is on the disk by now
        sink.answer = _accept
        _run(_worker(outbox, sink), clock, 600)
    _judge(found, put, sink)
    found["lost"] += not back
    for file in disk.iterdir():
        file.unlink()
    return told


def _damage(place: Path, drawn: random.Random, found: Counter[str]) -> None:
    clock, sink = VirtualClock(), Scripted("desk")
    path = _left_by_a_killed_process(place, clock)
    waited = 2 * BEFORE * 4
    file = path if drawn.random() < 0.5 else path.with_name(path.name + "-wal")
    if drawn.random() < 0.3:
        os.truncate(file, drawn.randrange(1, file.stat().st_size))
    else:
        with file.open("r+b") as damaged:
            for _ in range(drawn.choice((1, 10, 1000))):
                damaged.seek(drawn.randrange(file.stat().st_size))
                damaged.write(drawn.randbytes(1))
    with closing(_opened(path, clock)) as outbox:
        worker = _worker(outbox, sink)
        put = _put(outbox, "after", AFTER)
        clock.go(RETRY_DISK + 1)
        outbox.recover()
        _run(worker, clock, 30)
        found["set aside"] += "set aside" in outbox.reason
    _judge(found, put, sink)
    found["waited"] += waited
    found["saved"] += len({one.id for one in sink.accepted} - set(put))


def _left_by_a_killed_process(place: Path, clock: VirtualClock) -> Path:
    source, path = place / "source", place / "outbox.sqlite3"
    with closing(_opened(source, clock)) as outbox:
        for number in range(4):
            _put(outbox, f"before{number}", BEFORE)
            if number == 2:  # what is newer stands in the log only
                with closing(sqlite3.connect(source)) as other:
                    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for ending in ("", "-wal"):
            path.with_name(path.name + ending).write_bytes(
                source.with_name(source.name + ending).read_bytes()
            )
    return path


def _judge(found: Counter[str], put: list[str], sink: Scripted) -> None:
    accepted = Counter(one.id for one in sink.accepted)
    found["lost"] += len(set(put) - set(accepted))
    found["doubled"] += sum(times - 1 for times in accepted.values())


def _put(outbox: Outbox, name: str, number: int) -> list[str]:
    ids = []
    for index in range(number):
        for kind, short in (("firing", "f"), ("resolved", "r")):
            one = alert(f"{name}-{short}{index}", f"{name}-{index}", kind)  # type: ignore[arg-type]
            outbox.put(one, ["desk"])
            ids.append(one.id)
    return ids


def _run(worker: Worker, clock: VirtualClock, seconds: float) -> None:
    end = clock.boot + seconds
    while True:
        wait = worker.turn()
        if clock.boot + wait > end:
            return
        clock.go(wait)


def _worker(outbox: Outbox, sink: Scripted) -> Worker:
    return Worker(sink, SinkConfig("x"), outbox, Backoff(first=0.1), lambda: 0.0)


def _opened(path: Path, clock: VirtualClock) -> Outbox:
    return Outbox(OutboxConfig(str(path)), clock)


def _refuse(_told: Notification) -> None:
    raise SendError("no connection")


def _accept(_told: Notification) -> None:
    """Take it."""


def _fill(filler: Path) -> None:
    """Use up the disk to the last byte."""
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue


@contextmanager
def _small_disk(place: Path) -> Iterator[Path]:
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.geteuid() != 0:
        raise NotHereError("only root may mount a small disk; run it as root")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotHereError(f"a small disk cannot be mounted: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)
