"""Keeping visitors apart from frame to frame, through a blink of the detector.

A track is a number that lasts while somebody stays in view. It carries no identity: who leaves and
comes back is somebody new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edge.vision.face import Box


@dataclass(frozen=True)
class TrackingConfig:
    """When a face is the same visitor.

    Attributes:
        reach: Farthest a face moves between two looks, in shares of its size.
        growth: Most its size changes by between two looks, as a factor.
        confirm: Looks that must see a new face before it counts as a visitor.
        keep: Seconds a visitor is kept without being seen.
    """

    reach: float = 0.7
    growth: float = 1.6
    confirm: int = 2
    keep: float = 1.5


BOUNDS: Mapping[str, tuple[float, float]] = {
    "reach": (0.05, 5),
    "growth": (1.01, 10),
    "confirm": (1, 100),
    "keep": (0, 60),
}


@dataclass(frozen=True)
class Track:
    """One visitor at one time.

    Attributes:
        visitor: Number, never used twice in a run.
        box: Where the face was last seen, in pixels.
        first_seen, last_seen: Monotonic seconds.
        looks: How often it was seen.
        seen: Whether this very frame showed it.
    """

    visitor: int
    box: Box
    first_seen: float
    last_seen: float
    looks: int = 1
    seen: bool = True


class Tracker:
    """Matches detections to visitors: nearest pairs first, each once."""

    def __init__(self, config: TrackingConfig | None = None) -> None:
        self.config = config or TrackingConfig()
        self._tracks: tuple[Track, ...] = ()
        self._next = 1

    @property
    def tracks(self) -> tuple[Track, ...]:
        """All tracks, also those not yet confirmed."""
        return self._tracks

    @property
    def visitors(self) -> tuple[Track, ...]:
        """The tracks that were seen often enough to count."""
        return tuple(track for track in self._tracks if track.looks >= self.config.confirm)

    def update(self, boxes: Sequence[Box], time: float) -> tuple[Track, ...]:
        """Take in what the detector found at `time` and return the visitors.

        Args:
            boxes: Faces found anywhere in this frame; the same face at most once.
            time: Monotonic seconds, not less than at the last call.
        """
        pairs = sorted(
            (distance, t, b)
            for t, track in enumerate(self._tracks)
            for b, box in enumerate(boxes)
            if (distance := self._distance(track.box, box)) is not None
        )
        matched: dict[int, int] = {}
        taken: set[int] = set()
        for _, t, b in pairs:
            if t not in matched and b not in taken:
                matched[t] = b
                taken.add(b)
        kept = [
            replace(
                track,
                box=boxes[matched[t]],
                last_seen=time,
                looks=track.looks + 1,
                seen=True,
            )
            if t in matched
            else replace(track, seen=False)
            for t, track in enumerate(self._tracks)
        ]
        born = [
            Track(self._next + i, boxes[b], first_seen=time, last_seen=time)
            for i, b in enumerate(b for b in range(len(boxes)) if b not in taken)
        ]
        self._next += len(born)
        self._tracks = (*(track for track in kept if self._alive(track, time)), *born)
        return self.visitors

    def _alive(self, track: Track, time: float) -> bool:
        if track.looks < self.config.confirm:
            return track.seen  # a false face rarely comes twice in the same place
        return time - track.last_seen <= self.config.keep

    def _distance(self, known: Box, found: Box) -> float | None:
        """How far `found` is from `known` in shares of its size; None if it is someone else."""
        size = max(known.w, found.w)
        if size > self.config.growth * min(known.w, found.w):
            return None
        (x, y), (u, v) = known.center, found.center
        distance = float(((x - u) ** 2 + (y - v) ** 2) ** 0.5) / size
        return distance if distance <= self.config.reach else None
