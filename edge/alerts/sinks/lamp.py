"""When a lamp is lit: as long as any alert is firing. Knows no pin and no clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from edge.alerts.notification import Notification

Order = Literal["light", "darken", "blink", "nothing"]
REMEMBERED = 256  # newest ids and incidents, far more than are ever under way


@dataclass(frozen=True)
class Lamp:
    """What a lamp has been told.

    Attributes:
        firing: Incidents that keep it lit.
        over: Newest incidents that were resolved; a firing that comes later than its resolve
            must not light the lamp for ever.
        seen: Newest ids, as each may come twice.
    """

    firing: frozenset[str] = frozenset()
    over: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()

    def after(self, notification: Notification) -> tuple[Lamp, Order]:
        """The lamp once it has been told this, too, and what it has to do."""
        incident = notification.incident
        if notification.id in self.seen:
            return self, "nothing"
        told = replace(self, seen=(*self.seen, notification.id)[-REMEMBERED:])
        if notification.kind == "test":
            return told, "blink"
        if notification.kind == "firing":
            if incident in self.over:
                return told, "nothing"
            return replace(told, firing=self.firing | {incident}), "light"
        still = self.firing - {incident}
        told = replace(told, firing=still, over=(*self.over, incident)[-REMEMBERED:])
        return told, "darken" if self.firing and not still else "nothing"
