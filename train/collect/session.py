"""One session at the camera: which shots are kept. Knows no clock, camera, file or screen."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from edge.vision.face import Box, Gray, crop
from train.collect.quality import Limits, Refusal, at_side, judge_boxes, judge_face, likeness

COMPARED = 5  # shots kept last that a new one must differ from


class Shot(NamedTuple):
    """What one frame came to.

    Attributes:
        box: The face, in pixels of the frame; None where there is none.
        face: Grey (h, w) uint8 crop to be stored; None unless the shot is kept.
        refusal: Why it is not kept; None if it is, or while nothing is taken.
    """

    box: Box | None
    face: Gray | None
    refusal: Refusal | None


@dataclass
class Session:
    """Decides over frames, one after the other.

    Attributes:
        count: Shots wanted.
        margin: Share of the detector's box to add on every side, from the model's card.
        limits: What a face must be.
        every: Seconds between two shots at least: within a blink there is no other moment.
        starts: Seconds, in the frames' time, before which nothing is taken.
        running: Whether shots are taken at all; Start and Stop turn it.
        kept: Shots taken so far.
        refusals: How many shots were refused, by reason.
        why: Why the last shot was refused; None if it was kept.
    """

    count: int
    margin: float = 0.0
    limits: Limits = field(default_factory=Limits)
    every: float = 0.4
    starts: float = float("-inf")
    running: bool = True
    kept: int = 0
    refusals: Counter[Refusal] = field(default_factory=Counter)
    why: Refusal | None = None
    _last: deque[Gray] = field(default_factory=lambda: deque(maxlen=COMPARED), repr=False)
    _next: float = field(default=float("-inf"), repr=False)

    @property
    def complete(self) -> bool:
        """Whether as many as were wanted are kept."""
        return self.kept >= self.count

    def look(self, gray: Gray, boxes: Sequence[Box], time: float) -> Shot:
        """Judge one (h, w) uint8 frame.

        Args:
            boxes: Faces that the detector found in it.
            time: Seconds, never less than at the frame before.

        Returns:
            The shot; `face` is set where it is kept, and then counts as kept.
        """
        box = max(boxes, key=lambda one: one.area, default=None)
        if not self.running or self.complete or time < max(self._next, self.starts):
            return Shot(box, None, None)
        self.why = judge_boxes(boxes, self.limits)
        if self.why is None and box is not None:
            face = crop(gray, box, self.margin)
            self.why = judge_face(face, self.limits) or self._known(face)
            if self.why is None:
                self._keep(face, time)
                return Shot(box, face, None)
        self.refusals[self.why or Refusal.NO_FACE] += 1
        return Shot(box, None, self.why)

    def _known(self, face: Gray) -> Refusal | None:
        alike = any(likeness(face, other) > self.limits.likeness for other in self._last)
        return Refusal.ALIKE if alike else None

    def _keep(self, face: Gray, time: float) -> None:
        self.kept += 1
        self._next = time + self.every
        self._last.append(at_side(face).copy())

    def undo(self) -> None:
        """Take the last shot back; it stays among those that a new one must differ from."""
        self.kept = max(0, self.kept - 1)

    def main_refusal(self) -> str:
        """What stood in the way most often, for a person; '' where nothing did."""
        if not self.refusals:
            return ""
        reason, times = self.refusals.most_common(1)[0]
        return f"{self.refusals.total()} shots were refused, {times} of them: {reason.value}"
