"""The process that is killed: it puts alerts and sends them, over and over. Run as a script.

It imports nothing but edge.alerts and forks for each life, so that ten thousand kills take
minutes. On each line of standard input it is given a life to lead; on standard output it says
how that ended.
"""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
import signal
import sqlite3
import sys
import time
import traceback
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

from edge.alerts.clock import system_clock, utc
from edge.alerts.dispatch import Dispatcher
from edge.alerts.notification import Kind, Notification
from edge.alerts.outbox import Outbox, OutboxConfig
from edge.alerts.sinks.base import SendError, SinkConfig
from edge.backoff import Backoff

FOR_EVER = 2592000.0  # seconds; nothing may expire here
IMPATIENT = Backoff(first=0.0005, most=0.004)
PATIENCE = 60.0  # seconds for what is left when nobody kills any more


class Appending:
    """A sink that is a file; one line an arrival. As good as its `trouble` lets it be."""

    def __init__(self, name: str, folder: Path, trouble: float) -> None:
        self.name, self._trouble = name, trouble
        self._file = os.open(folder / f"at_{name}", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def send(self, notification: Notification) -> None:
        """Take it, refuse it, or take it and give no answer."""
        drawn = random.random()
        if drawn < self._trouble:
            raise SendError("refused", certain=True)
        append(self._file, notification.as_json())
        if drawn > 1 - self._trouble / 2:
            raise SendError("no answer", certain=False)

    def close(self) -> None:
        """Let go of the file."""


def append(file: int, line: str) -> None:
    """One write, so that a kill leaves all of the line or nothing."""
    os.write(file, line.encode() + b"\n")


def put_for_ever(folder: Path, life: str) -> NoReturn:
    """Put alerts until killed; note each that was put, after the outbox has said so."""
    kept = os.open(folder / "kept", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    dispatcher = _dispatcher(folder)
    dispatcher.start()
    for number in count():
        incident = f"{life}-{number}"
        for kind in ("firing", "resolved") if random.random() < 0.7 else ("firing",):
            notification = alert(incident, kind)
            dispatcher.put(notification)
            append(kept, notification.id)
        # else the queues would grow without end, and this is no race
        while any(dispatcher.status()[1][name].pending > 20 for name in ("good", "bad")):
            time.sleep(0.001)
    raise AssertionError


def drain(folder: Path) -> None:
    """Send what is left, and end as the service does."""
    dispatcher = _dispatcher(folder)
    dispatcher.start()
    end = time.monotonic() + PATIENCE
    while any(sink.pending for sink in dispatcher.status()[1].values()):
        if time.monotonic() > end:
            break  # told as lost
        time.sleep(0.002)
    dispatcher.stop(PATIENCE)


def alert(incident: str, kind: Kind) -> Notification:
    """An alert as the service would tell it."""
    at = utc(system_clock().wall)
    key = f"{random.getrandbits(128):032x}"
    text = "A visitor at desk has looked angry for 4 seconds."
    return Notification(
        key, incident, kind, "visitor", "desk", "anger", at, text, {"score": random.random()}
    )


def _dispatcher(folder: Path) -> Dispatcher:
    config = OutboxConfig(
        str(folder / "outbox.sqlite3"),
        firing_ttl=FOR_EVER,
        resolved_ttl=FOR_EVER,
        operator_ttl=FOR_EVER,
    )
    sinks = [
        (Appending(name, folder, trouble), SinkConfig("file"))
        for name, trouble in (("good", 0.0), ("bad", 0.2))
    ]
    return Dispatcher(
        Outbox(config),
        sinks,
        lambda _name, _limit: lambda: None,
        backoff=IMPATIENT,
        chance=lambda: 0.0,
    )


def _lead(order: dict[str, Any]) -> dict[str, Any]:
    """Fork, let it live, kill it."""
    folder = Path(order["folder"])
    child = os.fork()
    if child == 0:
        _child(folder, order)
    if order["seconds"] is not None:
        time.sleep(order["seconds"])
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return {"status": os.waitstatus_to_exitcode(status), "integrity": _integrity(folder)}


def _child(folder: Path, order: dict[str, Any]) -> NoReturn:
    try:
        random.seed(order["life"])
        if order["seconds"] is None:
            drain(folder)
        else:
            put_for_ever(folder, order["life"])
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def _integrity(folder: Path) -> str:
    """What SQLite says of a copy: opening the file itself would mend what the next life finds."""
    copy = folder / "copy"
    for ending in ("", "-wal"):
        source = folder / f"outbox.sqlite3{ending}"
        if source.exists():
            shutil.copyfile(source, f"{copy}{ending}")
        else:
            Path(f"{copy}{ending}").unlink(missing_ok=True)
    connection = sqlite3.connect(copy)
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    except sqlite3.Error as error:
        return str(error)
    finally:
        connection.close()
        Path(f"{copy}-shm").unlink(missing_ok=True)


if __name__ == "__main__":
    logging.disable()  # of the sink that is meant to fail
    for line in sys.stdin:
        print(json.dumps(_lead(json.loads(line))), flush=True)
