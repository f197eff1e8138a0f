"""From what happens to what is kept and sent: keys, names, the time of day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

from edge.alerts.deliver import Delivery
from edge.alerts.notification import Notification
from edge.alerts.rule import Event
from edge.alerts.sight import Change
from edge.alerts.sinks.log import LogSink
from edge.alerts.telling import cannot_see, sees_again, told
from edge.status import Status


class Teller:
    """Gives each event its key and its incident, logs it and hands it to the outbox.

    Args:
        device: `service.name`, as notifications say who tells.
        put: Takes a notification and returns when it is kept.

    Attributes:
        blind: What operators were told and nobody has taken back yet, also by an earlier process.
    """

    def __init__(self, device: str, put: Callable[[Notification], None]) -> None:
        self._device, self._put = device, put
        self._log = Delivery([LogSink()])
        # incidents are numbered from 1 in each process; nobody outside must mix them up
        self._run = uuid4().hex[:12]
        self.blind: Notification | None = None

    def tell(self, event: Event) -> None:
        """Keep and log one event."""
        incident = self.incident(event)
        self._put(told(event, id=uuid4().hex, incident=incident, device=self._device, at=_now()))
        self._log.deliver([event])

    def incident(self, event: Event) -> str:
        """What a firing and its resolve share, on this device and any other."""
        return f"{self._run}-{event.incident}"

    def tell_operators(self, change: Change, status: Status) -> None:
        """Keep what operators are to know: the device cannot see, or sees again."""
        if change == "cannot see":
            self.blind = cannot_see(
                status.camera_state,
                status.camera_sentence,
                status.blind_for,
                id=uuid4().hex,
                incident=f"{self._run}-{uuid4().hex[:8]}",
                device=self._device,
                at=_now(),
            )
            self._put(self.blind)
        elif self.blind is not None:
            began, self.blind = self.blind, None
            self._put(
                sees_again(
                    _seconds_since(began.at),
                    id=uuid4().hex,
                    incident=began.incident,
                    device=self._device,
                    at=_now(),
                )
            )


def _now() -> str:
    """The time of day by this device, UTC in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _seconds_since(at: str) -> float:
    """By the device's clock, which may have been set in between; never negative.

    0 of a time that a bad card has changed: it must not end the process, each time anew.
    """
    try:
        return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds())
    except (TypeError, ValueError):
        return 0.0
