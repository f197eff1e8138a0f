"""The health port: `/healthz` for whoever restarts things, `/metrics` for whoever draws them.

Nothing that a client sends or leaves unsent may cost the watching more than a moment: requests are
small and short, threads are few, and a port that is taken is tried again each minute.
"""

from __future__ import annotations

import logging
import socket
import socketserver
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from edge.health import board
from edge.health.board import Board
from edge.health.config import HealthConfig, address
from edge.health.metrics import Metrics
from edge.health.request import Answers, Handler
from edge.status import Status

log = logging.getLogger(__name__)

CLIENTS = 8  # at once; a further one costs the oldest its connection
THREADS = 16  # that may live at once, should answering itself hang
RETRY = 60.0  # seconds between tries to get a port that is taken
GOING = 0.25  # seconds that a thread whose client was sent away has to end
POLL = 0.5  # seconds after which the port's thread sees that it should end


def serve(
    config: HealthConfig,
    status: Callable[[], Status],
    *,
    folder: Path | None = None,
    look: Callable[[], Board] | None = None,
    retry: float = RETRY,
) -> Server:
    """Answer at `config.listen` until the server is closed; a port that is taken does not raise.

    Args:
        status: Gives the newest state; called from several threads.
        folder: Where state is kept, whose free space is told.
        look: Gives a look at the board, in place of this machine's.
        retry: Seconds between tries to get the port.

    Raises:
        ConfigError: `listen` is no address, or a public one without `public`.
    """
    where = address(config)
    metrics = Metrics(status, look or partial(board.read, folder))
    return Server(where, Answers(status, metrics, config.stale_after, config.public), retry)


class Server:
    """The port, its thread, and why it is not open if it is not.

    Attributes:
        error: Why nobody can ask, in one line; '' while somebody can, or none was wanted.
    """

    def __init__(self, where: tuple[str, int] | None, answers: Answers, retry: float) -> None:
        self.error = ""
        self._where, self._answers, self._retry = where, answers, retry
        self._stop = threading.Event()
        self._listener = self._listen() if where else None
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)
        if where:
            self._thread.start()

    @property
    def port(self) -> int | None:
        """The port that is open; None while there is none."""
        listener = self._listener
        return None if listener is None else int(listener.server_address[1])

    def close(self) -> None:
        """Close the port. May be called twice."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(4 * POLL)

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._listener is None:
                self._stop.wait(self._retry)
                self._listener = None if self._stop.is_set() else self._listen()
            else:
                self._listener.handle_request()  # waits for POLL at most
        if self._listener is not None:
            self._listener.server_close()
            self._listener = None

    def _listen(self) -> _Listener | None:
        assert self._where is not None
        host, port = self._where
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            listener = _Listener(self._where, self._answers)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            told = (
                f"health.listen {shown} cannot be used ({reason}); another program or a second "
                "edge-run may have it: give this one another port"
            )
            if told != self.error:
                log.warning("%s; trying again each %.0f s", told, self._retry)
            self.error = told
            return None
        if self.error:
            log.info("health port %s is open now", shown)
        self.error = ""
        return listener


class _Listener(socketserver.TCPServer):
    """Accepts, and hands each connection to a thread of its own, of which there are few."""

    allow_reuse_address = True
    request_queue_size = 32
    timeout = POLL

    def __init__(self, where: tuple[str, int], answers: Answers) -> None:
        self.address_family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
        self._clients: dict[socket.socket, None] = {}  # the oldest first
        self._threads = 0
        self._changed = threading.Condition()
        super().__init__(where, type("BoundHandler", (Handler,), {"answers": answers}))

    def get_request(self) -> tuple[socket.socket, Any]:
        try:
            return super().get_request()
        except OSError:
            threading.Event().wait(POLL)  # no descriptor is left: do not ask again at once
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room_for(request):
            self.shutdown_request(request)
            return
        work = threading.Thread(
            target=self._work, args=(request, client_address), name="health client", daemon=True
        )
        try:
            work.start()
        except RuntimeError:  # the system gives no more threads
            self._done(request)

    def _room_for(self, request: socket.socket) -> bool:
        """Make room, at the cost of the oldest; False while too many threads hang in an answer."""
        with self._changed:
            if len(self._clients) >= CLIENTS:
                oldest = next(iter(self._clients))
                del self._clients[oldest]
                with suppress(OSError):
                    oldest.shutdown(socket.SHUT_RDWR)  # its thread reads the end and goes
            if not self._changed.wait_for(lambda: self._threads < THREADS, GOING):
                return False
            self._clients[request] = None
            self._threads += 1
        return True

    def _work(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError as error:
            log.debug("a client of the health port went away: %s", error)
        except Exception:
            log.exception("a request to the health port failed")
        finally:
            self._done(request)

    def _done(self, request: socket.socket) -> None:
        self.shutdown_request(request)
        with self._changed:
            self._clients.pop(request, None)
            self._threads -= 1
            self._changed.notify()

    def handle_error(self, *_about: Any) -> None:
        log.exception("a connection to the health port failed")
