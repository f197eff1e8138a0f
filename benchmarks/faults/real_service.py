"""`edge-run --service` as a process of its own, and a webhook for it to call."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from edge.alerts.notification import Notification
from edge.errors import EdgeError

PATIENCE = 60.0  # seconds until it must be ready, and until it must have ended
POLL = 1.0  # seconds after which a waiting thread looks whether the service has ended
COMMAND = "import sys; from edge.cli import main; sys.exit(main(sys.argv[1:]))"

Accepted = Counter[tuple[str, str]]


class ServiceError(EdgeError, ChildProcessError):
    """The service did not start, or ended by itself."""


def started(settings: Mapping[str, str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """A service process in a session of its own, its log to be read as text.

    Args:
        settings: By configuration key, as TOML.
        environment: On top of this process's own.
    """
    return subprocess.Popen(
        [
            *(sys.executable, "-c", COMMAND, "--service"),
            *(f"--set={key}={value}" for key, value in settings.items()),
        ],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )


class RealService:
    """A running service.

    Attributes:
        pid: Its process number.
        log: What it has told stderr, as lines; a journal would keep it.
    """

    def __init__(self, settings: Mapping[str, str], notify: Path) -> None:
        self.log: list[str] = []
        self._ready = threading.Event()
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._manager.bind(str(notify))
        self._process = started(
            settings, {"NOTIFY_SOCKET": str(notify), "PYTHONDONTWRITEBYTECODE": "1"}
        )
        self.pid = self._process.pid
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._hear, self._read)
        ]
        for thread in self._threads:
            thread.start()

    def await_ready(self) -> None:
        """Wait until it has told its manager that it is ready.

        Raises:
            ServiceError: it has not in time, or has ended.
        """
        until = time.monotonic() + PATIENCE
        while not self._ready.wait(POLL):
            if self._process.poll() is not None or time.monotonic() > until:
                last = self.log[-1].strip() if self.log else "it told nothing"
                raise ServiceError(f"the service does not become ready: {last}")

    def end(self) -> None:
        """Stop it, as its manager would."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join()
        self._manager.close()

    def _hear(self) -> None:
        """What it tells its manager, which would wait for room if nobody took it."""
        self._manager.settimeout(POLL)
        while self._process.poll() is None:
            try:
                if b"READY=1" in self._manager.recv(65536):
                    self._ready.set()
            except TimeoutError:
                continue

    def _read(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            self.log.extend(lines)


@contextmanager
def running(settings: Mapping[str, str], notify: Path) -> Iterator[RealService]:
    """The service while the block lasts, ready.

    Args:
        settings: Configuration by dotted key.
        notify: Where the socket to its manager goes.
    """
    service = RealService(settings, notify)
    try:
        service.await_ready()
        yield service
    finally:
        service.end()


@contextmanager
def webhook(accepted: Accepted) -> Iterator[str]:
    """A server on this machine that accepts everything; its address.

    Args:
        accepted: Counts each notification by its kind and id.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            notification = Notification.from_json(body.decode())
            accepted[notification.kind, notification.id] += 1
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/alert"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
