"""When a face becomes an alert: a state machine in seconds, with no clock, thread or file in it.

    idle ──score ≥ on──► pending ──held for `seconds`, seen for `share` of them──► firing
      ▲                    │ score < on                                             │
      └────────────────────┘◄──────── score < off for `clear`, or gone ─────────────┘

A frame that does not show the face is no data: it neither counts towards the alert nor calms it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from types import MappingProxyType
from typing import Literal

from edge.labels import LABELS

HOUR = 3600.0
# The longest that one look vouches for; a device too slow for this must not guess in between.
LOOK = 1.0
ROUNDING = 1e-6  # seconds that adding up hundreds of frames may lose

Reason = Literal["calm", "gone", "blind", "ended"]


@dataclass(frozen=True)
class RuleConfig:
    """What is watched for and how long it must last.

    The score is the probability of `emotion`; or the sum of `weights` times the probabilities; or,
    with `absent`, the probability that `emotion` is *not* shown.

    Attributes:
        emotion: The label watched for: an emotion, or `negative` where the model tells valence.
        weights: By label, in place of `emotion`, each 0 to 1: { angry = 1.0, disgust = 0.5 }.
        absent: Watch for the lack of it, e.g. nobody smiles.
        on: Score from which the alert is coming.
        off: Score below which a firing alert calms down; at most `on`.
        seconds: How long the score must hold.
        share: Share of those seconds in which the face must have been seen.
        clear: How long a firing alert must stay calm to be resolved, in seconds.
        repeat: Seconds from one alert of a visitor to the next of the same.
        cap: Most alerts in any hour, from all visitors; further ones are counted, not raised.
    """

    emotion: str = "angry"
    weights: Mapping[str, float] = field(default_factory=dict)
    absent: bool = False
    on: float = 0.53  # the card's operating point "recall 0.8", told so by FER+
    off: float = 0.35
    seconds: float = 3.0
    share: float = 0.7
    clear: float = 2.0
    repeat: float = 60.0
    cap: int = 12

    def score(self, probabilities: Mapping[str, float]) -> float:
        """The number from 0 to 1 that is held against `on` and `off`."""
        weights = self.weights or {self.emotion: 1.0}
        present = sum(weight * probabilities[emotion] for emotion, weight in weights.items())
        return min(1.0, max(0.0, 1 - present if self.absent else present))

    @property
    def watched(self) -> tuple[str, ...]:
        """The labels whose probabilities it needs."""
        return tuple(self.weights) or (self.emotion,)

    @property
    def label(self) -> str:
        """What an alert says was seen."""
        name = "+".join(self.weights) if self.weights else self.emotion
        return f"no {name}" if self.absent else name


BOUNDS: Mapping[str, tuple[float, float]] = {
    "weights.*": (0, 1),
    "on": (0, 1),
    "off": (0, 1),
    "seconds": (0, 600),
    "share": (0, 1),
    "clear": (0, 600),
    "repeat": (0, 86400),
    "cap": (0, 3600),
}
CHOICES: Mapping[str, tuple[str, ...]] = {"emotion": LABELS}


@dataclass(frozen=True)
class Firing:
    """An alert is raised.

    Attributes:
        rule: Name of the rule.
        incident: Number; the matching `Resolved` carries the same.
        visitor: The track's number.
        time: Monotonic seconds.
        since: When the score first rose above `on`, monotonic seconds.
        label: What was seen, e.g. `angry`.
        score: The score at this moment.
        seen: Share of the time since then in which the face was in view.
        swallowed: Alerts that the cap held back since the last one raised.
    """

    rule: str
    incident: int
    visitor: int
    time: float
    since: float
    label: str
    score: float
    seen: float
    swallowed: int


@dataclass(frozen=True)
class Resolved:
    """A raised alert is over.

    Attributes:
        rule, incident, visitor, label: As in its `Firing`.
        time: Monotonic seconds.
        duration: Seconds from `Firing.since` to now.
        peak: The highest score in between.
        reason: `calm`, the visitor is `gone`, the camera has gone `blind`, or watching has `ended`.
    """

    rule: str
    incident: int
    visitor: int
    time: float
    label: str
    duration: float
    peak: float
    reason: Reason


Event = Firing | Resolved


@dataclass(frozen=True)
class _Visitor:
    """What is remembered of one visitor between looks."""

    last_frame: float  # also one that did not show the face
    since: float | None = None  # start of the present run of scores above `on`
    seen: float = 0.0  # seconds of it in which the face was in view
    peak: float = 0.0
    incident: int | None = None  # the alert that is firing
    calm: float | None = None  # seconds in view below `off`, once there was such a look
    quiet_until: float = float("-inf")


class Rule:
    """One rule over all visitors: scores in, events out.

    Example:
        rule = Rule("anger", RuleConfig())
        for observation in observations:
            events = rule.step(observation.time, {visitor: probabilities_or_none, ...})
        events = rule.close(time)

    Args:
        name: As alerts name it.
        config: What is watched for.
        numbers: Where incidents get theirs from; rules that share it share no number.
    """

    def __init__(self, name: str, config: RuleConfig, numbers: Iterator[int] | None = None) -> None:
        self.name, self.config = name, config
        self._visitors: dict[int, _Visitor] = {}
        self._raised: deque[float] = deque()
        self._numbers = numbers if numbers is not None else count(1)
        self._swallowed = 0

    @property
    def held_back(self) -> int:
        """Alerts that the cap held back and no alert has told of yet."""
        return self._swallowed

    @property
    def firing(self) -> Mapping[int, int]:
        """Incident by visitor, of the alerts that are raised and not yet resolved."""
        return MappingProxyType(
            {v: known.incident for v, known in self._visitors.items() if known.incident is not None}
        )

    def step(
        self, time: float, seen: Mapping[int, Mapping[str, float] | None]
    ) -> list[Firing | Resolved]:
        """Take in one frame.

        Args:
            time: Monotonic seconds, not less than at the last call.
            seen: By visitor, the probabilities by label, or None where this frame says nothing
                about a visitor who may still be there. A visitor left out is gone.
        """
        events: list[Event] = []
        for visitor in [known for known in self._visitors if known not in seen]:
            events += self._resolve(self._visitors.pop(visitor), visitor, time, "gone")
        for visitor, probabilities in seen.items():
            known = self._visitors.get(visitor, _Visitor(last_frame=time))
            # Measured from the last frame, so that seconds out of view count for nothing.
            passed = min(max(0.0, time - known.last_frame), LOOK)
            known = replace(known, last_frame=time)
            if probabilities is not None:
                score = self.config.score(probabilities)
                known = self._look(known, visitor, time, passed, score, events)
            self._visitors[visitor] = known
        return events

    def close(self, time: float, reason: Reason = "ended") -> list[Firing | Resolved]:
        """End watching: resolve what is firing and forget every visitor."""
        events: list[Event] = []
        for visitor, known in self._visitors.items():
            events += self._resolve(known, visitor, time, reason)
        self._visitors.clear()
        return events

    def _look(
        self,
        known: _Visitor,
        visitor: int,
        time: float,
        passed: float,
        score: float,
        events: list[Event],
    ) -> _Visitor:
        """One look at a face that is in view; it vouches for the `passed` seconds before."""
        if known.incident is not None:
            return self._while_firing(known, visitor, time, passed, score, events)
        if score < self.config.on:
            return replace(known, since=None)
        if known.since is None:
            return replace(known, since=time, seen=0.0, peak=score)
        known = replace(known, seen=known.seen + passed, peak=max(known.peak, score))
        if self._held(known, time) and time >= known.quiet_until:
            return self._fire(known, visitor, time, score, events)
        return known

    def _held(self, known: _Visitor, time: float) -> bool:
        """Whether the score has held long enough, and was seen to."""
        if known.since is None or time - known.since < self.config.seconds:
            return False
        return known.seen + ROUNDING >= self.config.share * (time - known.since)

    def _fire(
        self, known: _Visitor, visitor: int, time: float, score: float, events: list[Event]
    ) -> _Visitor:
        assert known.since is not None
        quiet = replace(known, quiet_until=time + self.config.repeat)
        while self._raised and self._raised[0] <= time - HOUR:
            self._raised.popleft()
        if len(self._raised) >= self.config.cap:
            self._swallowed += 1
            return replace(quiet, since=None)
        self._raised.append(time)
        incident = next(self._numbers)
        length = time - known.since
        events.append(
            Firing(
                rule=self.name,
                incident=incident,
                visitor=visitor,
                time=time,
                since=known.since,
                label=self.config.label,
                score=score,
                seen=known.seen / length if length > 0 else 1.0,
                swallowed=self._swallowed,
            )
        )
        self._swallowed = 0
        return replace(quiet, incident=incident, calm=None)

    def _while_firing(
        self,
        known: _Visitor,
        visitor: int,
        time: float,
        passed: float,
        score: float,
        events: list[Event],
    ) -> _Visitor:
        known = replace(known, peak=max(known.peak, score))
        if score >= self.config.off:
            return replace(known, calm=None)
        calm = 0.0 if known.calm is None else known.calm + passed
        if calm + ROUNDING < self.config.clear:
            return replace(known, calm=calm)
        events += self._resolve(known, visitor, time, "calm")
        return replace(known, since=None, incident=None, calm=None)

    def _resolve(
        self, known: _Visitor, visitor: int, time: float, reason: Reason
    ) -> list[Resolved]:
        if known.incident is None or known.since is None:
            return []
        return [
            Resolved(
                rule=self.name,
                incident=known.incident,
                visitor=visitor,
                time=time,
                label=self.config.label,
                duration=time - known.since,
                peak=known.peak,
                reason=reason,
            )
        ]
