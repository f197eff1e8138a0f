"""How the device is, as flat values for sinks that pass it on, such as MQTT's diagnostics."""

from __future__ import annotations

from edge.health.board import Board
from edge.status import Status

Value = float | int | str | bool | None


def report(status: Status, board: Board) -> dict[str, Value]:
    """The values by name; None where nothing is known.

    `alerts.RULE` counts the alerts of each rule that there is.
    """
    throttled = None if board.throttled is None else bool(board.throttled.now)
    return {
        "camera_state": status.camera_state,
        "camera_sentence": status.camera_sentence,
        "blind": status.blind,
        "fps": round(status.fps, 2),
        "frame_age": None if status.frame_age is None else round(status.frame_age, 1),
        "visitors": status.visitors,
        "firing": status.firing,
        "outbox": status.outbox,
        "outbox_pending": sum(sink.pending for sink in status.sinks.values()),
        "reconnects": status.reconnects,
        "temperature": board.temperature,
        "under_voltage": board.under_voltage,
        "throttled": throttled,
        "uptime": round(status.uptime),
        "version": status.version,
        **{f"alerts.{rule}": count for rule, count in status.alerts.items()},
    }
