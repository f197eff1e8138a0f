"""A frame in, the visitors and what their faces say out: one step at a time, no thread, no I/O."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from edge.camera.base import Frame
from edge.camera.picture import BURNT
from edge.labels import valence
from edge.vision.baseline import MODES, Baseline, Site
from edge.vision.detect import Detector
from edge.vision.expression import ExpressionModel
from edge.vision.face import Box, Gray, crop
from edge.vision.motion import MotionGate
from edge.vision.smooth import Smoother
from edge.vision.track import Track, Tracker

T = TypeVar("T")

EARLY = 1e-3  # seconds; so that 'every 0.2 s' falls on every second frame of 10 a second


@dataclass(frozen=True)
class ExpressionConfig:
    """How often a face is read, and over how long readings are averaged.

    Attributes:
        every: Seconds between two readings of one face.
        smoothing: Time constant of the average, in seconds.
        mirror: Every second reading is of the face's mirror image, so that the average is over
            both: which side the light comes from, or the head is turned to, then matters less.
        baseline: What a face shows at rest is taken off what it shows: `off` not at all; `visit`
            as far as this visitor has shown it; `site` also by how rare it is at this desk. Of
            no effect with a model that knows no neutral face. See `edge.vision.baseline`.
        overexposed: Share of a face's pixels that may be burnt out. A face with more is not read,
            as if it were out of sight: what is left of it is easily misread. 1 reads every face.
    """

    every: float = 0.2
    smoothing: float = 0.7
    mirror: bool = True
    baseline: str = "visit"
    overexposed: float = 0.5


BOUNDS: Mapping[str, tuple[float, float]] = {
    "every": (0, 10),
    "smoothing": (0, 60),
    "overexposed": (0.01, 1),
}
CHOICES: Mapping[str, tuple[str, ...]] = {"baseline": MODES}


@dataclass(frozen=True)
class Reading:
    """One visitor in one frame.

    Attributes:
        visitor: The track's number.
        box: The face, in the frame's pixels.
        seen: Whether this frame showed the face; if not, the rest is from the last that did.
        probabilities: Averaged, by the model's labels; None until the face was read once.
        overexposed: It is not `seen` because the light burns it out.
    """

    visitor: int
    box: Box
    seen: bool
    probabilities: MappingProxyType[str, float] | None
    overexposed: bool = False

    @property
    def emotion(self) -> str | None:
        """The most probable label."""
        if self.probabilities is None:
            return None
        return max(self.probabilities, key=self.probabilities.__getitem__)

    @property
    def valence(self) -> dict[str, float] | None:
        """Negative, neutral and positive, summing to 1."""
        return None if self.probabilities is None else valence(self.probabilities)


@dataclass(frozen=True)
class Observation:
    """What one frame showed.

    Attributes:
        time: The frame's time stamp, monotonic seconds.
        readings: The visitors in view or just out of it.
        stages: Seconds each stage took; a stage that was not needed is absent.
    """

    time: float
    readings: tuple[Reading, ...]
    stages: dict[str, float] = field(default_factory=dict)

    @property
    def evidence(self) -> dict[int, Mapping[str, float] | None]:
        """For the rules, by visitor: what was read if this frame showed the face, else no data."""
        return {
            reading.visitor: reading.probabilities if reading.seen else None
            for reading in self.readings
        }


@dataclass
class _Visitor:
    """What is remembered of one visitor between readings."""

    smoother: Smoother
    baseline: Baseline | None
    last_read: float = -np.inf
    readings: int = 0
    average: MappingProxyType[str, float] | None = None
    overexposed: bool = False  # when it was last looked at


def is_mirrored(reading: int, config: ExpressionConfig) -> bool:
    """Whether a visitor's `reading`, counted from 0, is of the face's mirror image."""
    return config.mirror and reading % 2 == 1


def is_overexposed(face: Gray, config: ExpressionConfig) -> bool:
    """Whether a (h, w) crop is too burnt out to be read."""
    return bool((face >= BURNT).mean() > config.overexposed)


class Pipeline:
    """Motion gate, face detection, tracks, expression.

    Args:
        detector: Finds faces.
        model: Reads them.
        tracker: Keeps them apart.
        expression: How often they are read.
        timer: Seconds for `Observation.stages`; the only thing here that reads a clock.
    """

    def __init__(
        self,
        detector: Detector,
        model: ExpressionModel,
        tracker: Tracker | None = None,
        expression: ExpressionConfig | None = None,
        timer: Callable[[], float] = clock.perf_counter,
    ) -> None:
        self._detector, self._model = detector, model
        self._tracker = tracker or Tracker()
        self._config = expression or ExpressionConfig()
        self._timer = timer
        self._motion = MotionGate()
        self._last_full = -np.inf
        self._visitors: dict[int, _Visitor] = {}
        self._site = Site(model.labels) if self._config.baseline == "site" else None

    def step(self, frame: Frame) -> Observation:
        """Look at one frame; time stamps must not decrease."""
        stages: dict[str, float] = {}
        boxes = self._find(frame.gray, frame.timestamp, stages)
        visitors = self._timed(
            stages, "track", lambda: self._tracker.update(boxes, frame.timestamp)
        )
        for track in visitors:
            self._read(track, frame, stages)
        self._forget({track.visitor for track in visitors})
        return Observation(frame.timestamp, tuple(map(self._reading, visitors)), stages)

    def _reading(self, track: Track) -> Reading:
        visitor = self._visitors[track.visitor]
        burnt = track.seen and visitor.overexposed
        return Reading(track.visitor, track.box, track.seen and not burnt, visitor.average, burnt)

    def _find(self, gray: Gray, time: float, stages: dict[str, float]) -> list[Box]:
        """Search everywhere only when it may show something new, else around the known faces."""
        moved = self._timed(stages, "motion", lambda: self._motion.moved(gray))
        waited = time - self._last_full
        known = self._tracker.tracks
        config = self._detector.config
        if known:
            # A face out of sight is searched for everywhere: it may have moved far.
            due = waited >= config.full_every - EARLY or any(not track.seen for track in known)
        else:
            due = moved or waited >= config.idle_every - EARLY
        if due:
            self._last_full = time
            found = self._timed(stages, "detect_full", lambda: self._detector.full(gray))
            missing = [t.box for t in known if not any(t.box.iou(box) > 0.1 for box in found)]
        else:
            found, missing = [], [track.box for track in known]
        if missing:
            found = found + self._timed(stages, "detect_near", lambda: self._near(gray, missing))
        return _distinct(found)

    def _near(self, gray: Gray, known: list[Box]) -> list[Box]:
        found = (self._detector.near(gray, box) for box in known)
        return [box for box in found if box is not None]

    def _read(self, track: Track, frame: Frame, stages: dict[str, float]) -> None:
        """Read a face that is in view, due and not burnt out."""
        if track.visitor not in self._visitors:
            self._visitors[track.visitor] = self._visitor()
        visitor = self._visitors[track.visitor]
        if not track.seen or frame.timestamp - visitor.last_read < self._config.every - EARLY:
            return
        visitor.last_read = frame.timestamp
        margin = self._model.card.crop_margin
        face = self._timed(stages, "crop", lambda: crop(frame.gray, track.box, margin))
        visitor.overexposed = is_overexposed(face, self._config)
        if visitor.overexposed:
            return
        if is_mirrored(visitor.readings, self._config):
            face = face[:, ::-1]
        visitor.readings += 1
        raw: NDArray[np.float32] = self._timed(
            stages, "classify", lambda: self._model.predict([face])[0]
        )
        if visitor.baseline is not None:
            raw = visitor.baseline.add(raw, frame.timestamp)
        average = visitor.smoother.add(raw, frame.timestamp)
        visitor.average = MappingProxyType(
            dict(zip(self._model.labels, map(float, average), strict=True))
        )

    def _visitor(self) -> _Visitor:
        wanted = self._config.baseline != "off"
        return _Visitor(
            Smoother(self._config.smoothing),
            Baseline(self._model.labels, self._site) if wanted else None,
        )

    def _forget(self, present: set[int]) -> None:
        for gone in self._visitors.keys() - present:
            baseline = self._visitors.pop(gone).baseline
            if self._site is not None and baseline is not None and baseline.arrival is not None:
                self._site.learn(baseline.arrival)

    def _timed(self, stages: dict[str, float], stage: str, work: Callable[[], T]) -> T:
        start = self._timer()
        result = work()
        stages[stage] = stages.get(stage, 0.0) + self._timer() - start
        return result


def _distinct(boxes: list[Box]) -> list[Box]:
    """Leave out a face that was found twice."""
    kept: list[Box] = []
    for box in boxes:
        if not any(box.iou(other) > 0.3 for other in kept):
            kept.append(box)
    return kept
