"""What an outbox is tried out with: a clock that is set at will and a sink that does as told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from edge.alerts.clock import Moment, utc
from edge.alerts.notification import Kind, Notification, Purpose


@dataclass
class VirtualClock:
    """Both clocks of a device.

    Attributes:
        wall, boot, boot_id: As in `Moment`.
    """

    wall: float = 1.8e9
    boot: float = 100.0
    boot_id: str = "boot 1"
    _starts: Iterator[int] = field(default_factory=lambda: count(2))

    def __call__(self) -> Moment:
        """This moment."""
        return Moment(self.wall, self.boot, self.boot_id)

    def go(self, seconds: float) -> None:
        """Time passes."""
        self.wall += seconds
        self.boot += seconds

    def step(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self.wall += seconds

    def reboot(self, seconds: float = 30.0) -> None:
        """The device is off for so long and starts again."""
        self.wall += seconds
        self.boot, self.boot_id = 10.0, f"boot {next(self._starts)}"


@dataclass
class Scripted:
    """A sink that answers as it is told.

    Attributes:
        name: The sink's.
        answer: Called for each try; raises what the sink is to raise.
        tried: All that it was given, in order.
        accepted: What it took with an answer.
        closed: How often it was closed.
    """

    name: str
    answer: Callable[[Notification], None] = lambda _notification: None
    tried: list[Notification] = field(default_factory=list)
    accepted: list[Notification] = field(default_factory=list)
    closed: int = 0

    def send(self, notification: Notification) -> None:
        """Do as told."""
        self.tried.append(notification)
        self.answer(notification)
        self.accepted.append(notification)

    def close(self) -> None:
        """Count."""
        self.closed += 1


def alert(
    key: str,
    incident: str,
    kind: Kind = "firing",
    purpose: Purpose = "visitor",
    rule: str = "anger",
) -> Notification:
    """A notification like any other."""
    text = "A visitor at desk has looked angry for 4 seconds."
    return Notification(
        key, incident, kind, purpose, "desk", rule, utc(1.8e9), text, {"score": 0.7}
    )
