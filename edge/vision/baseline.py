"""What a face shows at rest, taken off what it shows now: low brows are not anger all day.

A single picture does not tell a frown from a face that always looks so; time does. Anger comes and
goes, a resting face is there whenever its owner is calm. So the lowest level that a visitor's
reading keeps coming back to counts as rest: the level rises slowly and falls quickly, which makes
spells of anger leave little trace. What is taken off is bounded, so that whoever is clearly angry
from arrival to leaving stays so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

MODES = ("off", "visit", "site")
NEUTRAL = "neutral"

TYPICAL = 0.2  # a negative label read up to here is no bias of the face, and nothing is taken off
BOUND = 1.0  # most that is taken off, in log-odds: 0.73 becomes 0.5, and 0.9 becomes 0.77
RISE = 20.0  # seconds; far above a rule's, so that anger on arrival alerts before it counts as rest
FALL = 3.0  # seconds; one calm stretch shows that the rest was not anger
LOOK = 1.0  # the longest that one reading vouches for, in seconds
START = 3.0  # seconds of a visit that tell a site how visitors arrive
VISITORS = 100  # visitors that a site's memory spans

# What is corrected, and its share of FER-2013's training faces: the mean of both label sets.
EXPECTED: Mapping[str, float] = {
    "angry": 0.11,
    "disgust": 0.02,
    "fear": 0.09,
    "sad": 0.16,
    "negative": 0.38,
}
_LEAST = 1e-6  # keeps log-odds finite

Probabilities = NDArray[np.float32]
Levels = NDArray[np.floating[Any]]


class Site:
    """How rare each negative expression is at this desk, by which readings are corrected.

    The correction of a classifier to new class frequencies (Saerens, Latinne and Decaestecker
    2002), one visitor at a time. It starts without effect, moves by a hundredth a visitor, only
    ever makes an expression less likely, and is forgotten with the process.

    Args:
        labels: The model's, in the order of its outputs.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._expected = np.array([EXPECTED.get(label, 0.5) for label in labels])
        self._negative = _negative(labels)
        self._found: Levels = self._expected

    @property
    def correction(self) -> Levels:
        """(k,) what to take off each label's log-odds, 0 to `BOUND`."""
        rarer = _log_odds(self._expected) - _log_odds(self._found)
        return np.asarray(np.where(self._negative, np.clip(rarer, 0.0, BOUND), 0.0))

    def learn(self, arrival: Levels) -> None:
        """Take in one visitor: (k,) mean corrected probabilities of the first seconds."""
        self._found = self._found + (arrival - self._found) / VISITORS

    def reset(self) -> None:
        """Forget all visitors."""
        self._found = self._expected


class Baseline:
    """One visitor's face at rest.

    A model that knows no neutral face tells of no rest: its readings stay as they are.

    Args:
        labels: The model's, in the order of its outputs.
        site: What the desk's other visitors have taught, if that shall count.
    """

    def __init__(self, labels: Sequence[str], site: Site | None = None) -> None:
        self._negative = _negative(labels)
        self._neutral = list(labels).index(NEUTRAL) if NEUTRAL in labels else 0
        self._site: Levels | float = 0.0 if site is None else site.correction
        self._rest: Levels = np.zeros(len(labels))
        self._time: float | None = None
        self._first = 0.0
        self._arrival: Levels = np.zeros(len(labels))
        self._arrivals = 0

    @property
    def arrival(self) -> Levels | None:
        """(k,) mean corrected probabilities of the first `START` seconds; None before a reading."""
        return self._arrival / self._arrivals if self._arrivals else None

    def add(self, probabilities: Probabilities, time: float) -> Probabilities:
        """Take in probabilities read at `time`; return them corrected.

        Negative labels are only ever lowered, by at most `BOUND` in log-odds, and what they lose
        is neutral's gain; every other label keeps its probability.

        Args:
            probabilities: (k,) or, of many visitors seen at the same times, (n, k) float32.
            time: Monotonic seconds, not less than at the last call.
        """
        passed = 0.0 if self._time is None else min(max(0.0, time - self._time), LOOK)
        self._first = time if self._time is None else self._first
        self._time = time
        odds = _log_odds(probabilities)
        self._rest = self._rest + _moved(self._rest, odds, passed)
        taken_off = np.where(self._negative, np.minimum(self._rest + self._site, BOUND), 0.0)
        corrected = self._lowered(probabilities, odds, taken_off)
        if time - self._first <= START:
            self._arrival = self._arrival + corrected
            self._arrivals += 1
        return corrected

    def _lowered(
        self, probabilities: Probabilities, odds: Levels, taken_off: Levels
    ) -> Probabilities:
        # never above what came in, whatever rounding does
        lowered = np.minimum(probabilities, 1 / (1 + np.exp(taken_off - odds)))
        corrected = np.where(taken_off > 0, lowered, probabilities).astype(np.float32)
        corrected[..., self._neutral] += (probabilities - corrected).sum(axis=-1)
        return corrected


def _moved(rest: Levels, odds: Levels, passed: float) -> Levels:
    """By how much the rest's level moves within `passed` seconds."""
    excess = np.clip(odds - log(TYPICAL / (1 - TYPICAL)), 0.0, BOUND)
    seconds = np.where(excess > rest, RISE, FALL)
    return np.asarray((1 - np.exp(-passed / seconds)) * (excess - rest))


def _log_odds(probabilities: Levels) -> Levels:
    inside = np.clip(probabilities.astype(np.float64), _LEAST, 1 - _LEAST)
    return np.asarray(np.log(inside / (1 - inside)))


def _negative(labels: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([label in EXPECTED and NEUTRAL in labels for label in labels])
