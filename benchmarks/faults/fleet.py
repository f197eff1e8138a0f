"""Three services on one broker, one of them killed: what somebody who listens sees of each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.faults.measure import NotHereError
from benchmarks.faults.mosquitto import PROGRAM, Mosquitto
from benchmarks.faults.subscriber import Subscriber
from edge.alerts.config import OutboxConfig
from edge.alerts.dispatch import Dispatcher
from edge.alerts.notification import Notification
from edge.alerts.outbox import Outbox
from edge.alerts.sinks.base import Sink
from edge.alerts.sinks.mqtt import MqttConfig, make

NAMES = ("desk-1", "desk-2", "desk-3")
PATIENCE = 60.0  # seconds
REPORT: Mapping[str, float | int | str | bool | None] = {
    "firing": 0,
    "blind": False,
    "camera_state": "ok",
    "fps": 9.8,
    "alerts.anger": 0,
}


def measure() -> dict[str, Any]:
    """Let three services tell an alert each, then kill the second.

    Returns:
        `rows`, as every module here; `seen`, by service, what its topics showed.

    Raises:
        NotHereError: mosquitto is not installed.
    """
    if PROGRAM is None:
        raise NotHereError("mosquitto is not installed; apt install mosquitto")
    with (
        TemporaryDirectory() as folder,
        Mosquitto(Path(folder)) as broker,
        Subscriber(broker.port) as listener,
    ):
        services = [_service(name, broker.port, Path(folder)) for name in NAMES]
        try:
            listener.until(lambda: all(_alerts(listener, name) for name in NAMES), PATIENCE)
            os.kill(services[1].pid, signal.SIGKILL)
            listener.until(lambda: _availability(listener, NAMES[1])[-1] == "offline", PATIENCE)
            seen = {name: _seen(listener, name) for name in NAMES}
        finally:
            for service in services:
                service.kill()
                service.communicate(timeout=PATIENCE)
    return {"rows": [_row(seen)], "seen": seen}


def _row(seen: dict[str, dict[str, Any]]) -> dict[str, Any]:
    killed, others = seen[NAMES[1]], [seen[NAMES[0]], seen[NAMES[2]]]
    return {
        "fault": "one of three services on one broker killed -9",
        "times": 1,
        "lost": sum(one["alerts"] == 0 for one in seen.values()),
        "doubled": sum(max(0, one["alerts"] - 1) for one in seen.values()),
        "told": f"{NAMES[1]}: {', '.join(killed['availability'])}; the others: "
        + ", ".join("/".join(one["availability"]) for one in others),
    }


def _seen(listener: Subscriber, name: str) -> dict[str, Any]:
    topic = f"homeassistant/device/edge-run_{name}/config"
    described = json.loads(listener.on(topic)[-1].payload)
    return {
        "availability": _availability(listener, name),
        "entities": len(described["cmps"]),
        "alerts": len(_alerts(listener, name)),
    }


def _availability(listener: Subscriber, name: str) -> list[str]:
    return [one.payload for one in listener.on(f"edge-run/{name}/availability")]


def _alerts(listener: Subscriber, name: str) -> list[str]:
    return [one.payload for one in listener.on(f"edge-run/{name}/event")]


def _service(name: str, port: int, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", __name__, name, str(port), str(folder / f"{name}.sqlite3")]
    return subprocess.Popen(command, stdin=subprocess.PIPE)


def main(arguments: Sequence[str]) -> None:
    """Be one of the services, until killed."""
    name, port, path = arguments
    config = MqttConfig(host="127.0.0.1", port=int(port))
    sinks: list[tuple[Sink, MqttConfig]] = [(make("broker", config, name), config)]
    outbox = Outbox(OutboxConfig(path=path))
    dispatcher = Dispatcher(outbox, sinks, lambda *_: lambda: None)
    dispatcher.start()
    dispatcher.report(REPORT)
    incident = f"{name}-1"
    dispatcher.put(
        Notification(
            f"{incident}-firing", incident, "firing", "visitor", name, "anger",
            "2026-11-21T09:30:00.000+00:00", "A visitor looks angry.",
        )
    )  # fmt: skip
    sys.stdin.read()  # ends with whoever started this


if __name__ == "__main__":
    main(sys.argv[1:])
