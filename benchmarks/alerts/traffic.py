"""Who comes to the desk, how often and for how long, and when the detector loses them.

Numbers and chance only: no picture, no model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.labels import EMOTIONS
from edge.vision.track import TrackingConfig

AN_HOUR = 30.0  # calm visits
MIX: Mapping[str, float] = {"neutral": 0.60, "happy": 0.25}  # of calm visits, by FER+ majority
OTHERS = ("surprise", "sad", "fear", "disgust")  # the rest, as frequent as they are in the split
ANGRY = "angry"

MEDIAN, SPREAD = 45.0, 0.6  # of a visit's length: log-normal, in seconds
SHORTEST, LONGEST = 10.0, 180.0
CONFIRMED = 0.1  # seconds from arrival to the first reading, by the tracker's second look
# Share of looks that do not find the face. The detector lost 0.02 of them on faces that it finds at
# all, 0.05 on the worst tenth; people at a desk turn more than a picture does.
LOST = 0.05
BURST = 0.5  # seconds for which it is then not found, mean
MEMORY = 0.5  # seconds over which one reading is like the next


@dataclass(frozen=True)
class Visit:
    """When one visitor is looked at; every face of the benchmark is sent through it.

    Attributes:
        times: (t,) seconds since arrival.
        seen: (t,) whether the face was found.
        tracks: (t,) the track's number, which changes when the face was lost for too long; -1
            while there is none.
    """

    times: NDArray[np.float64]
    seen: NDArray[np.bool_]
    tracks: NDArray[np.int64]

    @property
    def seconds(self) -> float:
        """From arrival to the last look."""
        return float(self.times[-1])

    def until(self, seconds: float) -> Visit:
        """The visit as far as so many seconds after arrival."""
        early = self.times <= seconds
        return Visit(self.times[early], self.seen[early], self.tracks[early])


def visit(rng: np.random.Generator, every: float, at_least: float = SHORTEST) -> Visit:
    """Draw one visit, looked at every `every` seconds."""
    length = min(LONGEST, max(at_least, MEDIAN * exp(rng.normal(0, SPREAD))))
    looks = np.arange(int((length - CONFIRMED) / every) + 1, dtype=np.float64)
    times = np.asarray(CONFIRMED + every * looks, np.float64)
    seen = _seen(rng, len(times), every)
    return Visit(times, seen, _tracks(times, seen))


def _seen(rng: np.random.Generator, looks: int, every: float) -> NDArray[np.bool_]:
    """A two-state chain, in view at arrival."""
    back = min(1.0, every / BURST)
    lose = back * LOST / (1 - LOST)
    seen = np.ones(looks, bool)
    for look, chance in enumerate(rng.random(looks)):
        if look:
            seen[look] = chance >= lose if seen[look - 1] else chance < back
    return seen


def _tracks(times: NDArray[np.float64], seen: NDArray[np.bool_]) -> NDArray[np.int64]:
    keep, number, last = TrackingConfig().keep, 0, float(times[0])
    tracks = np.full(len(times), -1)
    for look, (time, found) in enumerate(zip(times, seen, strict=True)):
        gone = time - last > keep
        if found:
            number, last = number + gone, float(time)
        if found or not gone:
            tracks[look] = number
    return tracks


def draws(
    rng: np.random.Generator, looks: int, faces: int, crops: int, every: float
) -> Iterator[NDArray[np.int64]]:
    """Which of its crops each face shows, look by look; (faces,) each.

    A face keeps its crop with probability exp(-every / MEMORY), else shows any of them.
    """
    stays = exp(-every / MEMORY)
    shown = rng.integers(crops, size=faces)
    for _ in range(looks):
        yield shown
        fresh = rng.integers(crops, size=faces)
        shown = np.where(rng.random(faces) < stays, shown, fresh)


def shares(classes: NDArray[np.str_]) -> dict[str, float]:
    """Share of calm visits by class, of the classes that there are faces of; they sum to 1."""
    count = {name: int((classes == name).sum()) for name in EMOTIONS}
    others = sum(count[name] for name in OTHERS) or 1
    rest = 1 - sum(MIX.values())
    wanted = dict(MIX) | {name: rest * count[name] / others for name in OTHERS}
    there = {name: share for name, share in wanted.items() if count[name]}
    total = sum(there.values())
    return {name: share / total for name, share in there.items()}


def told() -> dict[str, Any]:
    """The numbers above, for the result."""
    return {
        "calm_visits_an_hour": AN_HOUR,
        "mix": dict(MIX),
        "visit_median_s": MEDIAN,
        "visit_log_sd": SPREAD,
        "visit_range_s": [SHORTEST, LONGEST],
        "visit_mean_s": MEDIAN * exp(SPREAD**2 / 2),
        "lost_share": LOST,
        "lost_for_s": BURST,
        "memory_s": MEMORY,
    }
