"""What every sink promises, and how it says that it could not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from edge.alerts.notification import PURPOSES, Notification
from edge.errors import EdgeError


class SendError(EdgeError, OSError):
    """A sink did not accept a notification.

    Attributes:
        certain: Surely not delivered (refused, no connection, an answer that says no). False where
            it may have arrived and only the answer is missing: a time-out after sending.
        permanent: Trying this notification again is of no use.
        disables: This sink must not be tried again until the configuration changes (HTTP 410).
        retry_after: Seconds that the other side asks to be left alone, if it did.
    """

    def __init__(
        self,
        message: str,
        *,
        certain: bool = True,
        permanent: bool = False,
        disables: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.certain, self.permanent, self.disables = certain, permanent, disables
        self.retry_after = retry_after


@dataclass(frozen=True)
class SinkConfig:
    """What all sinks are told; each kind of sink adds its own keys.

    Attributes:
        type: `webhook`, `mqtt`, `gpio`, `command`, `jsonl`, `apprise`.
        purposes: Which notifications it gets: `visitor`, `operator`.
        cooldown: Seconds after an accepted firing in which further firings of the same rule are
            not sent to this sink. Armed by what was accepted, never by what was only tried.
        timeout: Seconds that one try may take.
    """

    type: str
    purposes: tuple[str, ...] = PURPOSES
    cooldown: float = 0.0
    timeout: float = 10.0


BOUNDS: Mapping[str, tuple[float, float]] = {"cooldown": (0, 86400), "timeout": (0.1, 300)}
CHOICES: Mapping[str, tuple[str, ...]] = {"purposes": PURPOSES}


class Sink(Protocol):
    """Where notifications go. Called by one thread of its own."""

    name: str

    def send(self, notification: Notification) -> None:
        """Pass it on; returning means that the other side has accepted it.

        Raises:
            SendError: it was not accepted. Any other exception counts as `certain=False`.
        """

    def close(self) -> None:
        """Let go of connections and devices. May be called twice."""


@runtime_checkable
class Reacher(Protocol):
    """A sink that can tell beforehand that the other side is not there.

    What fails there has surely not arrived, so that a day without network costs the card no
    write a minute.
    """

    def reach(self) -> None:
        """Connect for the `send` that comes next; nothing is sent yet.

        Raises:
            SendError: there is no connection. Any other exception counts as `certain`, too.
        """


@runtime_checkable
class Reporter(Protocol):
    """A sink that also passes on how the device is (MQTT diagnostics)."""

    def report(self, status: Mapping[str, float | int | str | bool | None]) -> None:
        """Take the newest state; called from another thread than `send`, must not block."""
