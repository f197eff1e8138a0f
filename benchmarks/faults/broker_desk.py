"""A broker, a service that tells it alerts, and somebody who counts what is heard."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from benchmarks.faults.mosquitto import Mosquitto
from benchmarks.faults.subscriber import Subscriber
from edge.alerts.config import OutboxConfig
from edge.alerts.dispatch import Dispatcher
from edge.alerts.notification import Notification
from edge.alerts.outbox import Outbox
from edge.alerts.sinks.base import SendError, Sink
from edge.alerts.sinks.mqtt import MqttConfig
from edge.alerts.sinks.mqtt_sink import MqttSink
from edge.backoff import Backoff

ALERTS = 2  # told in each outage
TIMEOUT = 0.25  # seconds of the sink; ten in service
BACKOFF = Backoff(first=0.005, most=0.04)  # a second to a minute in service
PATIENCE = 60.0  # seconds after which what has not come counts as lost
EVENT = "edge-run/bench/event"
REPORT = {"firing": 0, "blind": False, "alerts.anger": 0}


class Noted:
    """A sink, and how each of its tries went.

    Args:
        sink: The real one.
    """

    def __init__(self, sink: MqttSink) -> None:
        self.name, self._sink = sink.name, sink
        self._changed = threading.Condition()
        self._accepted: set[str] = set()
        self.failures = 0
        self.unsure: Counter[str] = Counter()
        self.words: list[str] = []

    def send(self, notification: Notification) -> None:
        """Send it, noting how it goes."""
        try:
            self._sink.send(notification)
        except SendError as error:
            with self._changed:
                self.failures += 1
                self.unsure[notification.id] += not error.certain
                self.words.append(str(error).split(" ", 3)[3])  # without the port
                self._changed.notify_all()
            raise
        with self._changed:
            self._accepted.add(notification.id)
            self._changed.notify_all()

    def report(self, status: Mapping[str, float | int | str | bool | None]) -> None:
        """Report it."""
        self._sink.report(status)

    def close(self) -> None:
        """Close the real one."""
        self._sink.close()

    def wait_failure(self, before: int) -> None:
        """Wait until more tries than that have failed."""
        with self._changed:
            self._changed.wait_for(lambda: self.failures > before, PATIENCE)

    def wait_accepted(self, ids: set[str]) -> None:
        """Wait until all of these are accepted."""
        with self._changed:
            self._changed.wait_for(lambda: ids <= self._accepted, PATIENCE)


class Desk:
    """All three.

    After each start the broker lets in nobody but the one who counts, and the service only once
    that one listens: whatever it takes from then on must be heard.

    Args:
        folder: For the broker's files and the outbox.
    """

    def __init__(self, folder: Path) -> None:
        self._passwords = folder / "passwords"
        self._strict, self._open = folder / "strict", folder / "open"
        _hash(self._strict, "counter:counter\n")
        _hash(self._open, "counter:counter\nbench:bench\n")
        settings = f"allow_anonymous false\npassword_file {self._passwords}"
        self._admit_nobody()
        self.broker = Mosquitto(folder, settings)
        self.broker.start()
        self.counter = Subscriber(self.broker.port, EVENT, "counter", "counter", qos=0)
        config = MqttConfig(
            host="127.0.0.1",
            port=self.broker.port,
            username="bench",
            password="bench",
            timeout=TIMEOUT,
        )
        self.sink = Noted(MqttSink("broker", config, "bench", BACKOFF))
        outbox = Outbox(OutboxConfig(path=str(folder / "outbox.sqlite3")))
        sinks: list[tuple[Sink, MqttConfig]] = [(self.sink, config)]
        self.dispatcher = Dispatcher(outbox, sinks, lambda *_: lambda: None, backoff=BACKOFF)
        self.put: list[Notification] = []

    def __enter__(self) -> Desk:
        self.counter.__enter__()
        self.dispatcher.start()
        self.admit()
        return self

    def __exit__(self, *_error: object) -> None:
        self.dispatcher.stop(PATIENCE)
        self.counter.__exit__(*_error)
        self.broker.kill()

    def _admit_nobody(self) -> None:
        shutil.copy(self._strict, self._passwords)

    def admit(self) -> None:
        """Let the service in."""
        shutil.copy(self._open, self._passwords)
        self.broker.reload()

    def tell(self) -> None:
        """Raise an alert and end it, a few times."""
        self.dispatcher.report(REPORT)
        for _ in range(ALERTS // 2):
            incident, at = uuid4().hex, datetime.now(UTC).isoformat()
            for kind in ("firing", "resolved"):
                self.put.append(
                    Notification(
                        uuid4().hex, incident, kind, "visitor", "bench", "anger", at, "an alert"
                    )
                )
                self.dispatcher.put(self.put[-1])

    def begin_again(self) -> None:
        """Start the broker; it takes the service in once the one who counts listens."""
        self._admit_nobody()
        before = self.counter.attachments
        self.broker.start()
        self.counter.attach(more_than=before)

    def settle(self) -> Counter[str]:
        """Wait until all that was told is accepted; how often each key was heard."""
        self.sink.wait_accepted({one.id for one in self.put})
        end = uuid4().hex
        self.counter.publish(EVENT, json.dumps({"id": end}).encode())
        self.counter.until(lambda: end in self.counter.seen[-1].payload)
        heard = Counter(json.loads(one.payload)["id"] for one in self.counter.seen)
        del heard[end]
        return heard


def _hash(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    subprocess.run(["mosquitto_passwd", "-U", str(file)], check=True, timeout=60)
