"""Garbage for everything that reads: configuration, model card, database, HTTP, a broker's answers.

Each input is a good one, damaged at random. `lost` counts those that anything but the promised
answer came of: an exception that is not this package's own, an answer of several lines, a server
that answers no more.
"""

from __future__ import annotations

import http.client
import socket
import socketserver
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.faults.quiet import quiet
from benchmarks.progress import progress
from edge.alerts.config import OutboxConfig
from edge.alerts.notification import Notification
from edge.alerts.outbox import Outbox
from edge.alerts.sinks.base import SendError
from edge.config import load
from edge.config.commented import commented
from edge.config.sections import Config
from edge.errors import ConfigError, ModelError
from edge.health.config import HealthConfig
from edge.health.server import serve
from edge.status import Status
from edge.vision.card import DEFAULT_CARD, read_card

REQUEST = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\nConnection: close\r\n\r\n"
CONNACK = bytes((0x20, 3, 0, 0, 0))  # MQTT 5: connected, no properties
BROKERS = 10  # of how many inputs one goes to the broker's client, which waits for answers


def measure(inputs: int = 2000, seed: int = 13) -> dict[str, Any]:
    """Feed each reader so many damaged inputs; `rows` as every module here."""
    random = Random(seed)
    with tempfile.TemporaryDirectory() as place, quiet():  # what is rightly complained of
        folder = Path(place)
        rows = [
            _row("configuration", inputs, _configuration(folder, random)),
            _row("model card", inputs, _card(folder, random)),
            _row("database", max(1, inputs // 4), _database(folder, random)),
            _row("HTTP request", inputs, _http(random)),
            _row("answer of a broker", max(1, inputs // BROKERS), _broker(random)),
        ]
    return {"rows": rows}


def _row(what: str, times: int, tries: Iterator[str]) -> dict[str, Any]:
    """Take the outcome of so many tries: `taken`, `refused`, or what should not have been."""
    outcomes = Counter(next(tries) for _ in progress(range(times), f"garbage: {what}"))
    tries.close()  # type: ignore[attr-defined]
    odd = {text: n for text, n in outcomes.items() if text not in {"taken", "refused"}}
    told = f"{outcomes['refused']:,} refused, {outcomes['taken']:,} taken"
    return {
        "fault": f"garbage as {what}",
        "times": times,
        "lost": sum(odd.values()),
        "doubled": 0,
        "told": "; ".join([told, *list(odd)[:3]]),
    }


def damaged(content: bytes, random: Random) -> bytes:
    """The content with a few bytes changed, cut out, doubled or replaced."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 4)):
        start = random.randrange(len(changed) + 1)
        end = min(len(changed), start + random.choice((1, 1, 2, 8, 64, 512)))
        changed[start:end] = random.choice(
            (
                random.randbytes(end - start),
                b"",
                bytes(changed[start:end]) * 2,
                random.choice((b"\0", b"\n", b"[", b'"', b"=", b"1e999", b"-1", b"\xff", b"{}")),
            )
        )
    end = random.choice((len(changed), random.randrange(len(changed) + 1)))
    return bytes(changed[:end])


def _refuses(read: Callable[[], object], error: type[Exception]) -> str:
    try:
        read()
    except error as told:
        return "refused" if "\n" not in str(told).strip() else f"several lines: {told}"
    except Exception as odd:
        return f"{type(odd).__name__}: {odd}"
    return "taken"


def _configuration(folder: Path, random: Random) -> Iterator[str]:
    path, good = folder / "config.toml", commented(Config()).encode()
    while True:
        path.write_bytes(damaged(good, random))
        yield _refuses(lambda: load(path, environment={}), ConfigError)


def _card(folder: Path, random: Random) -> Iterator[str]:
    path, good = folder / "card.json", DEFAULT_CARD.read_bytes()
    while True:
        path.write_bytes(damaged(good, random))
        yield _refuses(lambda: read_card(path), ModelError)


def _database(folder: Path, random: Random) -> Iterator[str]:
    good = _filled(folder / "good.sqlite3")
    while True:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            path = Path(place) / "outbox.sqlite3"
            path.write_bytes(damaged(good, random))
            yield _refuses(lambda path=path: _used(path), OSError)  # type: ignore[misc]


def _used(path: Path) -> None:
    """Open an outbox and keep an alert in it.

    Raises:
        AssertionError: it is not kept.
    """
    outbox = Outbox(OutboxConfig(path=str(path)))
    try:
        outbox.put(_notification("new"), ["desk"])
        assert [row for row in outbox.rows("desk") if row.alert == "new"], "the alert is not kept"
    finally:
        outbox.close()


def _filled(path: Path) -> bytes:
    outbox = Outbox(OutboxConfig(path=str(path)))
    for number in range(50):
        outbox.put(_notification(str(number)), ["desk", "lamp"])
    outbox.close()
    return path.read_bytes()


def _notification(name: str) -> Notification:
    return Notification(name, name, "firing", "visitor", "desk", "anger", "", "A visitor is angry.")


def _http(random: Random) -> Iterator[str]:
    server = serve(HealthConfig(listen="127.0.0.1:0"), Status)
    try:
        while True:
            with suppress(OSError):
                _spoken(server.port, damaged(REQUEST, random))
            yield "taken" if random.random() > 0.02 or _answers(server.port) else "no answer"
    finally:
        server.close()


def _spoken(port: int | None, request: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port or 0), timeout=10) as talk:
        talk.sendall(request)
        talk.shutdown(socket.SHUT_WR)
        while talk.recv(65536):
            pass


def _answers(port: int | None) -> bool:
    talk = http.client.HTTPConnection("127.0.0.1", port or 0, timeout=10)
    try:
        talk.request("GET", "/healthz")
        return talk.getresponse().status in {200, 503}
    finally:
        talk.close()


def _broker(random: Random) -> Iterator[str]:
    from edge.alerts.sinks.mqtt import MqttConfig, make

    class Garbage(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                self.request.recv(4096)
                good = CONNACK + random.randbytes(random.randrange(40))
                self.request.sendall(damaged(good, random))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Garbage) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        config = MqttConfig("mqtt", timeout=0.2, port=server.server_address[1])
        try:
            while True:
                sink = make("desk", config, "fuzz")
                outcome = _refuses(lambda sink=sink: sink.send(_notification("x")), SendError)  # type: ignore[misc]
                sink.close()
                yield outcome
        finally:
            server.shutdown()
