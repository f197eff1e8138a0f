"""Alerts in the log, which `edge-run --verbose` writes to standard error."""

from __future__ import annotations

import logging

from edge.alerts.rule import Event, Firing

log = logging.getLogger("edge.alerts")


class LogSink:
    """Writes one line an event: a raised alert as a warning, its end as information."""

    name = "log"

    def send(self, event: Event) -> None:
        """Log the event."""
        if isinstance(event, Firing):
            log.warning(
                "alert %d firing: rule %s, visitor %d %s for %.1f s (score %.2f, in view %.0f%%)%s",
                event.incident,
                event.rule,
                event.visitor,
                event.label,
                event.time - event.since,
                event.score,
                100 * event.seen,
                f"; {event.swallowed} held back by the cap" if event.swallowed else "",
            )
        else:
            log.info(
                "alert %d resolved: rule %s, visitor %d %s after %.1f s (peak %.2f)",
                event.incident,
                event.rule,
                event.visitor,
                event.reason,
                event.duration,
                event.peak,
            )
