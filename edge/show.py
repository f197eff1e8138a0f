"""What `edge-run` prints: a quiet line a change for people, an object an event for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from edge.alerts.rule import Event, Firing
from edge.pipeline import Observation, Reading

SETTLED = 0.4  # seconds an emotion must lead before it is worth a line


@dataclass(frozen=True)
class Summary:
    """A run in figures.

    Attributes:
        seconds: From the first frame to the last, in the camera's time.
        frames: Frames looked at.
        dropped: Frames that were overtaken by a newer one.
        visitors: Visitors seen.
        alerts: Alerts raised.
        frame_ms: Mean wall-clock milliseconds a frame took, capture left out.
        cpu_ms: Mean CPU milliseconds of the whole process a frame.
        stages_ms: Mean milliseconds a frame by stage of the pipeline.
        held_back: Alerts that the cap held back and no alert has told of.
    """

    seconds: float
    frames: int
    dropped: int
    visitors: int
    alerts: int
    frame_ms: float
    cpu_ms: float
    stages_ms: dict[str, float]
    held_back: int = 0


class Printer(Protocol):
    """Tells somebody what happens. `send` makes every printer a sink of alerts, too."""

    name: str

    def started(self, camera: str, model: str) -> None:
        """The camera is open and the model loaded."""

    def seen(self, observation: Observation) -> None:
        """One frame was looked at."""

    def send(self, event: Event) -> None:
        """An alert was raised or resolved."""

    def ended(self, why: str, summary: Summary) -> None:
        """Watching has ended."""


class Changes:
    """Picks out of the stream of observations what is worth telling: who came, changed, left."""

    def __init__(self) -> None:
        self._told: dict[int, str] = {}
        self._leading: dict[int, tuple[str, float]] = {}

    def of(self, observation: Observation) -> list[tuple[str, int, Reading | None]]:
        """`("came" | "emotion" | "left", visitor, reading)`, in the order to tell them."""
        changes: list[tuple[str, int, Reading | None]] = []
        present = {reading.visitor: reading for reading in observation.readings}
        for visitor in [known for known in self._told if known not in present]:
            del self._told[visitor]
            self._leading.pop(visitor, None)
            changes.append(("left", visitor, None))
        for visitor, reading in present.items():
            emotion = reading.emotion
            if emotion is None:
                continue
            leader, since = self._leading.get(visitor, ("", 0.0))
            if leader != emotion:
                since = observation.time
                self._leading[visitor] = emotion, since
            if visitor not in self._told:
                changes.append(("came", visitor, reading))
                self._told[visitor] = emotion
            elif emotion != self._told[visitor] and observation.time - since >= SETTLED:
                changes.append(("emotion", visitor, reading))
                self._told[visitor] = emotion
        return changes


class _EventPrinter:
    """What both printers keep: where to write, what was told, when it began."""

    name = "stdout"

    def __init__(self, write: Callable[[str], object] | None = None) -> None:
        self._write = write or _print
        self._changes = Changes()
        self._start: float | None = None


class LinePrinter(_EventPrinter):
    """For people: one line a change, with seconds since the start."""

    def started(self, camera: str, model: str) -> None:
        """Say what is looked at and with what."""
        self._write(f"watching {camera} with {model}; Ctrl-C ends")

    def seen(self, observation: Observation) -> None:
        """Print what changed, if anything did."""
        if self._start is None:
            self._start = observation.time
        for what, visitor, reading in self._changes.of(observation):
            if reading is None:
                self._line(observation.time, f"visitor {visitor} left")
            elif reading.probabilities is not None and reading.emotion is not None:
                sure = reading.probabilities[reading.emotion]
                verb = "came, looks" if what == "came" else "looks"
                self._line(
                    observation.time, f"visitor {visitor} {verb} {reading.emotion} {sure:.0%}"
                )

    def send(self, event: Event) -> None:
        """Print an alert so that the eye finds it."""
        if isinstance(event, Firing):
            held = f"; {event.swallowed} more were held back by the cap" if event.swallowed else ""
            text = (
                f"ALERT {event.incident}: visitor {event.visitor} {_has_looked(event.label)} for "
                f"{event.time - event.since:.1f} s (score {event.score:.2f}){held}"
            )
        else:
            why = {
                "calm": f"visitor {event.visitor} has calmed down",
                "gone": f"visitor {event.visitor} is gone",
                "blind": "the camera does not see any more",
                "ended": "watching has ended",
            }[event.reason]
            text = (
                f"alert {event.incident} resolved: {why} "
                f"({event.duration:.1f} s in all, peak {event.peak:.2f})"
            )
        self._line(event.time, text)

    def ended(self, why: str, summary: Summary) -> None:
        """Print the run in two lines."""
        stages = ", ".join(f"{name} {ms:.2f}" for name, ms in summary.stages_ms.items())
        held = f", {summary.held_back} held back by the cap" if summary.held_back else ""
        self._write(
            f"{why}: {summary.frames} frames in {summary.seconds:.1f} s, {summary.dropped} "
            f"dropped; visitors: {summary.visitors}, alerts: {summary.alerts}{held}"
        )
        self._write(
            f"a frame took {summary.frame_ms:.2f} ms ({stages}); "
            f"{summary.cpu_ms:.2f} ms of CPU with capture"
        )

    def _line(self, time: float, text: str) -> None:
        since = time - self._start if self._start is not None else 0.0
        self._write(f"{since:7.1f} s  {text}")


class JsonPrinter(_EventPrinter):
    """For machines: one JSON object an event."""

    def started(self, camera: str, model: str) -> None:
        """Print `{"event": "started", ...}`."""
        self._object("started", None, {"camera": camera, "model": model})

    def seen(self, observation: Observation) -> None:
        """Print a `came`, `emotion` or `left` object for what changed."""
        if self._start is None:
            self._start = observation.time
        for what, visitor, reading in self._changes.of(observation):
            about: dict[str, Any] = {"visitor": visitor}
            if reading is not None and reading.probabilities is not None:
                assert reading.valence is not None
                about |= {
                    "box": list(reading.box),
                    "emotion": reading.emotion,
                    "probabilities": _rounded(dict(reading.probabilities)),
                    "valence": _rounded(reading.valence),
                }
            self._object(what, observation.time, about)

    def send(self, event: Event) -> None:
        """Print a `firing` or `resolved` object."""
        about = asdict(event)
        time = about.pop("time")
        if isinstance(event, Firing):
            about["held"] = time - about.pop("since")
        kind = "firing" if isinstance(event, Firing) else "resolved"
        self._object(kind, time, _rounded(about))

    def ended(self, why: str, summary: Summary) -> None:
        """Print `{"event": "ended", ...}` with the run's figures."""
        about = _rounded(asdict(summary))
        about["stages_ms"] = _rounded(summary.stages_ms)
        self._object("ended", None, {"why": why, **about})

    def _object(self, event: str, time: float | None, about: dict[str, Any]) -> None:
        told: dict[str, Any] = {"event": event}
        told["at"] = datetime.now(UTC).isoformat(timespec="milliseconds")
        if time is not None and self._start is not None:
            told["seconds"] = round(time - self._start, 3)
        self._write(json.dumps(told | about))


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in values.items()}


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _has_looked(label: str) -> str:
    """What an alert's label says of a visitor: `angry`, or `no happy` where a smile is missing."""
    missing = label.removeprefix("no ")
    return f"has not looked {missing}" if missing != label else f"has looked {label}"
