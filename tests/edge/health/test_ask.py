"""Asking a service that may be something else altogether."""

from __future__ import annotations

import socket
import threading
from contextlib import closing

import pytest

from edge.health import ask
from edge.health.board import Board
from edge.health.config import HealthConfig
from edge.health.server import serve
from edge.status import Status


def test_a_service_answers_also_when_it_is_blind():
    config = HealthConfig(listen="127.0.0.1:0")
    with closing(serve(config, lambda: Status(camera="0"), look=Board)) as running:
        told = ask.healthz(("127.0.0.1", running.port))
        assert told is not None
        assert (told["status"], told["camera"]["name"]) == ("blind", "0")
        assert ask.healthz(("0.0.0.0", running.port)) is not None


def test_nobody_answers():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert ask.healthz(free.getsockname()) is None


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\n\r\n[1]",
        b"HTTP/1.0 200 OK\r\n\r\n{}",
        b'HTTP/1.0 200 OK\r\n\r\n{"camera": "0"}',
        b"HTTP/1.0 200 OK\r\n\r\n" + b"[" * 60_000,
        b"HTTP/1.0 200 OK\r\n\r\n\xff\xfe",
    ],
    ids=lambda answer: repr(answer[-12:]),
)
def test_something_else_answers(answer):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        other.settimeout(20)

        def talk() -> None:
            connection, _ = other.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)

        thread = threading.Thread(target=talk)
        thread.start()
        assert ask.healthz(other.getsockname()) is None
        thread.join()
