"""What systemd hears, on a real socket."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.notify import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        yield listening


def heard(manager: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(manager.recv(4096).decode())
        except BlockingIOError:
            return found


def environment(manager: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": manager.getsockname(), **more}


def test_states_arrive_in_order(manager: socket.socket) -> None:
    notifier = Notifier(environment(manager, WATCHDOG_USEC="30000000"))
    notifier.status("loading the model")
    notifier.ready()
    notifier.alive()
    notifier.stopping()
    assert heard(manager) == ["STATUS=loading the model", "READY=1", "WATCHDOG=1", "STOPPING=1"]


def test_the_same_status_is_sent_once(manager: socket.socket) -> None:
    notifier = Notifier(environment(manager))
    for text in ("a", "a", "b", "a"):
        notifier.status(text)
    assert heard(manager) == ["STATUS=a", "STATUS=b", "STATUS=a"]


def test_a_status_cannot_carry_another_state_nor_a_password(manager: socket.socket) -> None:
    Notifier(environment(manager)).status("x\nSTOPPING=1 rtsp://anna:secret@cam/1")
    [told] = heard(manager)
    assert "\n" not in told
    assert "secret" not in told


def test_nobody_pings_a_watchdog_that_is_not_there(manager: socket.socket) -> None:
    Notifier(environment(manager)).alive()
    assert heard(manager) == []


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_s_interval(told: dict[str, str], expected: float | None) -> None:
    assert Notifier(told).watchdog == expected


@pytest.mark.parametrize("address", ["", "relative", "/no/such/socket", "@edge-run-nobody"])
def test_nobody_listening_is_no_error(address: str) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"})
    notifier.ready()
    notifier.alive()


def test_the_abstract_namespace_is_understood() -> None:
    name = f"edge-run-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name)
        Notifier({"NOTIFY_SOCKET": "@" + name}).ready()
        assert listening.recv(64) == b"READY=1"


def test_no_command_started_from_here_can_speak_for_the_service(monkeypatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/no/such/socket")
    Notifier()
    assert "NOTIFY_SOCKET" not in os.environ


def test_a_manager_that_does_not_read_blocks_nobody(manager: socket.socket) -> None:
    notifier = Notifier(environment(manager, WATCHDOG_USEC="1000000"))
    for _ in range(5000):  # more than a socket's queue holds
        notifier.alive()
    assert "WATCHDOG=1" in heard(manager)


def test_that_it_is_ready_waits_until_there_is_room_for_it(manager: socket.socket) -> None:
    notifier = Notifier(environment(manager, WATCHDOG_USEC="1000000"))
    for _ in range(5000):
        notifier.alive()
    found: list[str] = []

    def read_on() -> None:
        manager.settimeout(10)
        while "READY=1" not in found:
            found.append(manager.recv(4096).decode())

    reader = threading.Timer(0.05, read_on)
    reader.start()
    notifier.ready()
    reader.join(20)
    assert found[-1] == "READY=1"


def test_a_status_that_found_no_room_is_sent_again(manager: socket.socket) -> None:
    notifier = Notifier(environment(manager, WATCHDOG_USEC="1000000"))
    for _ in range(5000):
        notifier.alive()
    notifier.status("blind")
    heard(manager)
    notifier.status("blind")
    assert heard(manager) == ["STATUS=blind"]


def test_a_status_is_no_longer_than_what_systemd_takes(manager: socket.socket) -> None:
    Notifier(environment(manager)).status("ü" * 5000)
    [told] = heard(manager)
    assert told == "STATUS=" + "ü" * 1024
