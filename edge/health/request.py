"""One request to the health port: read within bounds, answered, and the connection closed."""

from __future__ import annotations

import json
import logging
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from typing import Any

from edge.health.config import is_loopback
from edge.health.healthz import healthz
from edge.health.metrics import CONTENT_TYPE, Metrics, MetricsNotInstalledError
from edge.status import Status

log = logging.getLogger(__name__)

PATIENCE = 5.0  # seconds that a client gets to send its request, and again to take the answer
LARGEST = 8192  # bytes of a request with its headers; Prometheus sends 300
ALLOWED = ("GET", "HEAD")

_HOST = re.compile(r"(?:\[(?P<six>[^\[\]]+)\]|(?P<name>[^\[\]:]*))(?::[0-9]*)?")


@dataclass(frozen=True)
class Answers:
    """What requests are answered from.

    Attributes:
        status: Gives the newest state.
        metrics: Writes it for Prometheus.
        stale_after: See `HealthConfig`.
        public: Whether clients may call this device by any name.
    """

    status: Callable[[], Status]
    metrics: Metrics
    stale_after: float
    public: bool


class HeadError(Exception):
    """A request that cannot be read; carries the code to answer with."""

    def __init__(self, code: HTTPStatus) -> None:
        super().__init__(code.phrase)
        self.code = code


def read_head(
    talk: socket.socket, patience: float = PATIENCE, clock: Callable[[], float] = time.monotonic
) -> bytes:
    """The request up to its empty line; b'' if the client went away first.

    The deadline is for the whole of it: a client that sends a byte a second gets no longer.

    Raises:
        HeadError: it is too long, or did not come in time.
    """
    head, deadline = b"", clock() + patience
    while b"\r\n\r\n" not in head and b"\n\n" not in head:
        left = deadline - clock()
        if left <= 0:
            raise HeadError(HTTPStatus.REQUEST_TIMEOUT)
        talk.settimeout(left)
        try:
            part = talk.recv(LARGEST)
        except TimeoutError:
            continue
        if not part:
            return b""
        head += part
        if len(head) > LARGEST:
            raise HeadError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    return head


def is_local_name(host: str) -> bool:
    """Whether a Host header names this device by a loopback name.

    A web page that has its own name point at 127.0.0.1 can have a browser on this device ask for
    it, but not under another name than its own.
    """
    form = _HOST.fullmatch(host.strip())
    return form is not None and is_loopback(form["six"] or form["name"])


class Handler(BaseHTTPRequestHandler):
    """Answers one request on one connection."""

    answers: Answers  # set by the server on a subclass

    def setup(self) -> None:
        """Take the connection; unlike the base class's, the request is read with bounds."""
        self.connection: socket.socket = self.request
        self.requestline, self.command, self.request_version = "", "", "HTTP/1.0"
        self.rfile = BytesIO()
        self.wfile = self.connection.makefile("wb")

    def handle(self) -> None:
        """Read the request and answer it; a client that goes away is no event."""
        self.close_connection = True
        try:
            try:
                self.rfile = BytesIO(read_head(self.connection))
            except HeadError as error:
                self.send_error(error.code)
                return
            finally:
                self.connection.settimeout(PATIENCE)
            self.raw_requestline = self.rfile.readline()
            if self.raw_requestline.strip() and self.parse_request():
                self._answer()
        except OSError as error:
            log.debug("a client of the health port went away: %s", error)

    def _answer(self) -> None:
        hosts = self.headers.get_all("Host", [])
        path = self.path.partition("?")[0]
        if self.command not in ALLOWED:
            self._send(HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", b"GET and HEAD only\n")
        elif not self.answers.public and not all(map(is_local_name, hosts)):
            told = b"this port answers to 127.0.0.1 and localhost; see health.public\n"
            self._send(HTTPStatus.FORBIDDEN, "text/plain", told)
        elif path in ("/healthz", "/metrics"):
            self._send(*self._made(path))
        else:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", b"try /healthz or /metrics\n")

    def _made(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        try:
            if path == "/metrics":
                return HTTPStatus.OK, CONTENT_TYPE, self.answers.metrics.text()
            code, told = healthz(self.answers.status(), self.answers.stale_after)
            return code, "application/json", json.dumps(told).encode() + b"\n"
        except MetricsNotInstalledError as error:
            return HTTPStatus.NOT_IMPLEMENTED, "text/plain", f"{error}\n".encode()
        except Exception:
            log.exception("the health port cannot answer %s", path)
            return HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", b"see the log\n"

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with an error in plain text; nothing that was asked is repeated."""
        del message, explain
        status = HTTPStatus(code)
        self._send(status, "text/plain", status.phrase.encode() + b"\n")

    def _send(self, code: HTTPStatus, kind: str, body: bytes) -> None:
        self.request_version = "HTTP/1.0"  # a request that names none would get no status line
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if code is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", ", ".join(ALLOWED))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        """The Server header: what it is, not which version."""
        return "edge-run"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing of a request: Prometheus asks four times a minute for ever."""
