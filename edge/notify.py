"""Telling systemd: ready, still alive, what is seen. Silent where nobody listens.

The protocol is a datagram of `KEY=value` lines to the socket named by NOTIFY_SOCKET; see
sd_notify(3).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

from edge.message import one_line

PATIENCE = 5.0  # seconds that a manager with a full queue is waited for: no READY is a restart
LONGEST = 2048  # bytes of a STATUS; systemd drops a message of more than 4096 as a whole


class Notifier:
    """Sends states to the service manager that started this process.

    Args:
        environment: The process's own if None. NOTIFY_SOCKET is taken out of it, so that no
            command started from here can speak for the service.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        if environment is None:
            environment = dict(os.environ)
            os.environ.pop("NOTIFY_SOCKET", None)
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self._interval = _watchdog(environment)
        self._told = ""

    @property
    def watchdog(self) -> float | None:
        """Seconds within which a ping is expected; None where none is."""
        return self._interval

    def ready(self) -> None:
        """The service is up; unlike the others, which are said again, this waits to be heard."""
        self._send("READY=1", PATIENCE)

    def alive(self) -> None:
        """Ping the watchdog."""
        if self._interval is not None:
            self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Say in one line what is going on; the same line is sent once."""
        line = one_line(text).encode()[:LONGEST].decode(errors="ignore")
        if line != self._told and self._send(f"STATUS={line}"):
            self._told = line

    def stopping(self) -> None:
        """The service is about to end, on purpose."""
        self._send("STOPPING=1")

    def _send(self, text: str, patience: float = 0.0) -> bool:
        if self._address is None:
            return False
        # a manager that is just being restarted is no reason to stop watching
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as talk:
            talk.settimeout(patience)
            talk.connect(self._address)  # or there is no waiting for room
            talk.send(text.encode())
            return True
        return False


def _address(name: str) -> str | None:
    """A path, or with a leading @ a name in the abstract namespace."""
    if name.startswith("@"):
        return "\0" + name[1:]
    return name if name.startswith("/") else None


def _watchdog(environment: Mapping[str, str]) -> float | None:
    wanted = environment.get("WATCHDOG_USEC", "")
    for_whom = environment.get("WATCHDOG_PID", "")
    if not wanted.isdigit() or int(wanted) == 0 or for_whom not in ("", str(os.getpid())):
        return None
    return int(wanted) / 1e6
