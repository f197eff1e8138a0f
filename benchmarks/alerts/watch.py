"""Visits through the code of the device: baseline, average, rule, on virtual time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.alerts.traffic import ANGRY, Visit, draws
from edge.alerts.rule import Firing, Rule, RuleConfig
from edge.labels import EMOTIONS
from edge.pipeline import ExpressionConfig, is_mirrored
from edge.vision.baseline import START, Baseline, Site
from edge.vision.smooth import Smoother

_ANGRY = EMOTIONS.index(ANGRY)


@dataclass(frozen=True)
class Watched:
    """One visit of every face, as a rule gets to see it.

    Attributes:
        visit: When they were looked at.
        scores: (t, n) float32, each face's averaged probability of anger at each look; what was
            last read where the face was not found.
    """

    visit: Visit
    scores: NDArray[np.float32]


def watch(
    readings: NDArray[np.float32],
    visit: Visit,
    rng: np.random.Generator,
    expression: ExpressionConfig,
    site: Site | None = None,
    before: NDArray[np.float32] | None = None,
    turn: float = 0.0,
) -> Watched:
    """Send every face through one visit.

    Args:
        readings: (n, v, crops, 7) probabilities by view of the face, see `read_faces`.
        before: As many of other faces, shown until `turn` seconds after arrival.
    """
    faces = len(readings)
    scores = np.zeros((len(visit.times), faces), np.float32)
    shown = draws(rng, len(visit.times), faces, readings.shape[2], expression.every)
    track, average = -1, np.zeros((faces, len(EMOTIONS)), np.float32)
    baseline, smoother = _fresh(expression, site)
    read = 0  # on this track
    for look, crops in enumerate(shown):
        if visit.seen[look]:
            if visit.tracks[look] != track:
                track = int(visit.tracks[look])
                baseline, smoother = _fresh(expression, site)
                read = 0
            time = float(visit.times[look])
            worn = readings if before is None or time >= turn else before
            raw = worn[np.arange(faces), int(is_mirrored(read, expression)), crops]
            read += 1
            if baseline is not None:
                raw = baseline.add(raw, time)
            average = smoother.add(raw, time)
        scores[look] = average[:, _ANGRY]
    return Watched(visit, scores)


def _fresh(expression: ExpressionConfig, site: Site | None) -> tuple[Baseline | None, Smoother]:
    wanted = expression.baseline != "off"
    return Baseline(EMOTIONS, site) if wanted else None, Smoother(expression.smoothing)


def alerts(
    config: RuleConfig, visit: Visit, scores: NDArray[np.float32], first_only: bool = False
) -> list[float]:
    """Seconds after arrival at which the rule raises an alert over one face's (t,) scores."""
    return list(_alerts(config, visit, scores, first_only))


def _alerts(
    config: RuleConfig, visit: Visit, scores: NDArray[np.float32], first_only: bool
) -> Iterator[float]:
    if not (scores[visit.seen] >= config.on).any():
        return  # exact: no look can start a run
    rule = Rule(ANGRY, config)
    for time, seen, track, score in zip(
        visit.times.tolist(), visit.seen, visit.tracks.tolist(), scores.tolist(), strict=True
    ):
        present = {track: {ANGRY: score} if seen else None} if track >= 0 else {}
        for event in rule.step(time, present):
            if isinstance(event, Firing):
                yield event.time
                if first_only:
                    return


def taught(
    readings: NDArray[np.float32],
    visits: Sequence[Visit],
    rng: np.random.Generator,
    expression: ExpressionConfig,
) -> Site:
    """A site that has seen these faces one after the other; (m, v, crops, 7) readings."""
    site = Site(EMOTIONS)
    for number, face in enumerate(readings):
        visit = visits[number % len(visits)]
        baseline = Baseline(EMOTIONS, site)
        read = 0
        shown = draws(rng, len(visit.times), 1, face.shape[1], expression.every)
        for time, seen, crops in zip(visit.times.tolist(), visit.seen, shown, strict=True):
            if time > START + visit.times[0]:  # later looks teach nothing
                break
            if seen:
                baseline.add(face[int(is_mirrored(read, expression)), crops[0]], time)
                read += 1
        if baseline.arrival is not None:
            site.learn(baseline.arrival)
    return site
