"""A webhook's other side, a real server on this machine that misbehaves as told."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[["Request"], None]


@dataclass(frozen=True)
class Request:
    """A request as it came.

    Attributes:
        path: With its query.
        headers: By name in lower case.
        body: All of it.
        write: Sends bytes back; false once the other side has hung up.
        gone: Waits some seconds at most; true once the other side has hung up or the server ends.
    """

    path: str
    headers: Mapping[str, str]
    body: bytes
    write: Callable[[bytes], bool]
    gone: Callable[[float], bool]


def answers(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Behaviour:
    """Answers properly."""
    lines = {"Content-Length": str(len(body)), "Connection": "close", **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    whole = f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode("latin-1") + body

    def behave(request: Request) -> None:
        request.write(whole)

    return behave


def says(data: bytes) -> Behaviour:
    """Sends these bytes, http or not, and closes."""

    def behave(request: Request) -> None:
        request.write(data)

    return behave


def hangs_up(_request: Request) -> None:
    """Closes without a word."""


def is_silent(request: Request) -> None:
    """Never answers."""
    while not request.gone(60.0):
        pass


def drips(data: bytes, every: float = 0.02, times: int = 500) -> Behaviour:
    """Sends a byte now and then; when all are sent, goes on with the last one."""

    def behave(request: Request) -> None:
        for sent in range(times):
            byte = data[min(sent, len(data) - 1) :][:1]
            if not request.write(byte) or request.gone(every):
                return

    return behave


class Receiver:
    """Listens on a port of this machine and notes all that it is sent.

    Args:
        behave: What is done with each request; may be changed at any time.
        tls: For https.
    """

    def __init__(self, behave: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.behave = behave
        self.requests: list[Request] = []
        self._tls, self._port = tls, 0
        self._ending = threading.Event()
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    def appear(self) -> None:
        """Listen, from the second time on at the port it had."""
        self._ending.clear()
        server = _Server(("127.0.0.1", self._port), self._handler())
        self._port, self._server = server.server_address[1], server
        if self._tls:
            server.socket = self._tls.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=server.serve_forever, args=(0.02,), name="receiver").start()

    def vanish(self) -> None:
        """Refuse every connection."""
        if self._server:
            self._ending.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Receiver:
        self.appear()
        return self

    def __exit__(self, *_error: object) -> None:
        self.vanish()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = _request(self, receiver._ending)
                receiver.requests.append(request)
                receiver.behave(request)

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        return Handler


class _Server(ThreadingHTTPServer):
    """Waits for its connections when it ends; a broken one is the other side's affair."""

    daemon_threads = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


def _request(handler: BaseHTTPRequestHandler, ending: threading.Event) -> Request:
    body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))

    def write(data: bytes) -> bool:
        with suppress(OSError):
            handler.connection.sendall(data)
            return True
        return False

    def gone(seconds: float) -> bool:
        if ending.is_set():
            return True
        handler.connection.settimeout(min(seconds, 0.05))
        try:
            return not handler.connection.recv(1)
        except TimeoutError:
            return False
        except OSError:
            return True

    headers = {name.lower(): value for name, value in handler.headers.items()}
    return Request(handler.path, headers, body, write, gone)
