"""How the device is, at one moment, as plain values: for STATUS, /healthz, metrics and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SinkStatus:
    """One sink's queue.

    Attributes:
        pending, sent, dead, expired: Deliveries in that state; all but `pending` since the start
            of this process.
        error: Why the last try failed; '' once one was accepted.
        disabled: The other side asked never to be called again.
    """

    pending: int = 0
    sent: int = 0
    dead: int = 0
    expired: int = 0
    error: str = ""
    disabled: bool = False


@dataclass(frozen=True)
class Status:
    """A snapshot.

    Attributes:
        name: `service.name`.
        version, model: Of the package; the model file and its interpreter.
        uptime: Seconds since the start of this process.
        camera: Its name, without a password.
        camera_state: A word of `CameraState`; `camera_sentence` says it for people.
        blind: Nothing can be judged: no data is not calm.
        state_for: Seconds in this state.
        blind_for: Seconds without sight, whatever states they were spent in; 0 while it sees.
        reconnects, abandoned: Times the camera was opened again; threads of it that were given up.
        frames, dropped: Frames looked at; frames overtaken by a newer one.
        fps: Frames looked at a second, over the last ten seconds.
        frame_age: Seconds since the last frame was looked at; None before the first.
        visitors: In view now.
        visitors_total: Since the start of this process.
        overexposed_total: Faces in frames that were too burnt out to be read.
        alerts: Alerts raised by rule since the start of this process.
        firing: Alerts that are raised now.
        held_back: Alerts that the cap held back.
        stages_ms: Mean milliseconds by stage over the last minute.
        outbox: '' where alerts are kept on disk, else why they are not.
        sinks: By name.
        port: '' where the health port answers as configured, else why it does not.
        stale: Workers whose heartbeat is too old, by name, with its age in seconds.
    """

    name: str = ""
    version: str = ""
    model: str = ""
    uptime: float = 0.0
    camera: str = ""
    camera_state: str = "opening"
    camera_sentence: str = ""
    blind: bool = True
    state_for: float = 0.0
    blind_for: float = 0.0
    reconnects: int = 0
    abandoned: int = 0
    frames: int = 0
    dropped: int = 0
    fps: float = 0.0
    frame_age: float | None = None
    visitors: int = 0
    visitors_total: int = 0
    overexposed_total: int = 0
    alerts: Mapping[str, int] = field(default_factory=dict)
    firing: int = 0
    held_back: int = 0
    stages_ms: Mapping[str, float] = field(default_factory=dict)
    outbox: str = ""
    sinks: Mapping[str, SinkStatus] = field(default_factory=dict)
    port: str = ""
    stale: Mapping[str, float] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        """It sees, every worker is alive, and alerts are kept on disk."""
        return not (self.blind or self.stale or self.outbox)


def line(status: Status) -> str:
    """STATUS of the service in one line: what it sees, what is wrong, what is waiting.

    Example: `sees 0: 9.8 frames/s, 1 visitor, 0 alerts firing; desk: 2 waiting (no answer)`
    """
    parts = [_sight(status)]
    parts += filter(None, (status.outbox, status.port))
    parts += [f"{name} silent for {age:.0f} s" for name, age in status.stale.items()]
    parts += [_queue(name, sink) for name, sink in status.sinks.items() if _worth_telling(sink)]
    return "; ".join(parts)


def _sight(status: Status) -> str:
    if status.blind:
        return f"CANNOT SEE for {status.blind_for:.0f} s: {status.camera}: {status.camera_sentence}"
    people = f"{status.visitors} visitor" + ("" if status.visitors == 1 else "s")
    slow = "" if status.camera_state == "ok" else f" ({status.camera_sentence})"
    return (
        f"sees {status.camera}{slow}: {status.fps:.1f} frames/s, {people}, "
        f"{status.firing} alert{'' if status.firing == 1 else 's'} firing"
    )


def _worth_telling(sink: SinkStatus) -> bool:
    return bool(sink.pending or sink.error or sink.disabled)


def _queue(name: str, sink: SinkStatus) -> str:
    if sink.disabled:
        return f"{name}: switched off ({sink.error})"
    why = f" ({sink.error})" if sink.error else ""
    return f"{name}: {sink.pending} waiting{why}"
