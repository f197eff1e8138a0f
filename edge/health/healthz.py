"""What `/healthz` says: whether it sees, not whether a process is up."""

from __future__ import annotations

from http import HTTPStatus
from math import isfinite
from typing import Any

from edge.message import one_line
from edge.status import Status


def verdict(status: Status, stale_after: float) -> tuple[str, HTTPStatus]:
    """A word and the code that goes with it.

    `stuck`: a worker is silent, or frames come and are not looked at. `blind`: nothing can be
    judged. `degraded`: it sees, but alerts are not kept on disk, or a sink is switched off. `ok`.

    Args:
        stale_after: Seconds since the last frame was looked at from which that is too long ago.
    """
    if status.stale:
        return "stuck", HTTPStatus.SERVICE_UNAVAILABLE
    if status.blind:
        return "blind", HTTPStatus.SERVICE_UNAVAILABLE
    if status.frame_age is None or not status.frame_age < stale_after:  # so that nan is too long
        return "stuck", HTTPStatus.SERVICE_UNAVAILABLE
    if status.outbox or any(sink.disabled for sink in status.sinks.values()):
        return "degraded", HTTPStatus.OK
    return "ok", HTTPStatus.OK


def healthz(status: Status, stale_after: float) -> tuple[HTTPStatus, dict[str, Any]]:
    """The code and the JSON object of an answer; no figures about people."""
    word, code = verdict(status, stale_after)
    return code, {
        "status": word,
        "name": one_line(status.name),
        "version": status.version,
        "uptime": _rounded(status.uptime),
        "frame_age": _rounded(status.frame_age),
        "frames_per_second": _rounded(status.fps),
        "camera": {
            "name": one_line(status.camera),
            "state": status.camera_state,
            "says": one_line(status.camera_sentence),
            "for": _rounded(status.state_for),
        },
        "outbox": one_line(status.outbox) or "on disk",
        "sinks": {
            one_line(name): {
                "pending": sink.pending,
                "error": one_line(sink.error),
                "disabled": sink.disabled,
            }
            for name, sink in status.sinks.items()
        },
        "stale": {one_line(name): _rounded(age) for name, age in status.stale.items()},
    }


def _rounded(seconds: float | None) -> float | None:
    """Fit for JSON, which has neither infinity nor nan."""
    return round(seconds, 3) if seconds is not None and isfinite(seconds) else None
