"""Handing alerts to whoever wants them. One bad sink must not keep an alert from the others."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from edge.alerts.rule import Event

log = logging.getLogger(__name__)


class Sink(Protocol):
    """Where alerts go."""

    name: str

    def send(self, event: Event) -> None:
        """Pass one event on; any exception means that it was not accepted."""


class Delivery:
    """Hands each event to every sink, in order, at once.

    This is the place where an outbox goes between the rule and sinks that can fail for a while;
    the sinks here, the log and standard output, either take an event or never will.
    """

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = tuple(sinks)

    def deliver(self, events: Sequence[Event]) -> None:
        """Send every event to every sink; what a sink refuses is logged."""
        for event in events:
            for sink in self._sinks:
                try:
                    sink.send(event)
                except BrokenPipeError:  # nobody reads standard output any more: end, as cat does
                    raise
                except Exception:
                    log.exception("sink %s refused %s", sink.name, event)
