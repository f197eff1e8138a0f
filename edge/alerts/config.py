"""What the outbox can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class OutboxConfig:
    """Where alerts are kept until they are delivered, and for how long.

    Attributes:
        path: The database; empty for outbox.sqlite3 in the service's state directory.
        keep_days: Days after which a delivered or given up alert is forgotten.
        keep_alerts: Most alerts kept; the oldest go first.
        firing_ttl: Seconds in which a raised alert must be delivered; later it is of no use.
        resolved_ttl: Seconds in which the end of a delivered alert must be delivered.
        operator_ttl: Seconds in which what is for operators must be delivered.
    """

    path: str = ""
    keep_days: float = 30.0
    keep_alerts: int = 10000
    firing_ttl: float = 600.0
    resolved_ttl: float = 86400.0
    operator_ttl: float = 86400.0


BOUNDS: Mapping[str, tuple[float, float]] = {
    "keep_days": (0.01, 3650),
    "keep_alerts": (10, 100000),
    "firing_ttl": (1, 2592000),
    "resolved_ttl": (1, 2592000),
    "operator_ttl": (1, 2592000),
}
