"""Every setting of `on`, `seconds` and `smoothing`: what each tells and what it gets wrong.

Hundreds of rules over thousands of visits would take the state machine an hour. Only a visit's
first alert counts here, and for that `first_alerts` is the rule in arrays; the tests hold the two
to the same answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.alerts.rates import SOON, Floats
from benchmarks.alerts.traffic import Visit
from benchmarks.alerts.watch import Watched
from edge.alerts.rule import LOOK, ROUNDING, RuleConfig

EVENLY = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)
ONS = tuple(sorted({*EVENLY, RuleConfig().on}))
SECONDS = (1.0, 1.5, 2.0, 3.0, 4.0)
SMOOTHINGS = (0.35, 0.7, 1.4)


@dataclass(frozen=True)
class Setting:
    """One point of the curves.

    Attributes:
        on, seconds, smoothing: As in the configuration.
        within_6s: Share of angry visits told of within `SOON` seconds.
        an_hour: Calm visits with a false alert, an hour.
    """

    on: float
    seconds: float
    smoothing: float
    within_6s: float
    an_hour: float


def settings(
    watched: Sequence[Watched],
    smoothing: float,
    rule: RuleConfig,
    share: Floats,
    weight: Floats,
) -> list[Setting]:
    """All of `ONS` and `SECONDS` over visits that were averaged with this `smoothing`.

    Args:
        rule: What every other key is taken from.
        share: (n,) of the angry faces that each one is; 0 for a calm one.
        weight: (n,) visits an hour that each one stands for; 0 for an angry one.
    """
    first = np.stack(
        [first_alerts(one.visit, one.scores, ONS, SECONDS, rule.share) for one in watched]
    )
    within = (first <= SOON).mean(axis=0) @ share
    an_hour = np.isfinite(first).mean(axis=0) @ weight
    return [
        Setting(on, seconds, smoothing, float(within[j, i]), float(an_hour[j, i]))
        for i, on in enumerate(ONS)
        for j, seconds in enumerate(SECONDS)
    ]


def first_alerts(
    visit: Visit,
    scores: NDArray[np.float32],
    ons: Sequence[float],
    seconds: Sequence[float],
    share: float,
) -> Floats:
    """When a rule raises its first alert over each of n faces, for every setting of it.

    Args:
        scores: (t, n), a face's at each look.
        ons, seconds: o and s values of these keys of the rule.
        share: The rule's key.

    Returns:
        (s, o, n) seconds after arrival; infinite where it raises none.
    """
    levels, lengths = np.array(ons)[:, None], np.array(seconds)[:, None, None]
    first = np.full((len(seconds), len(ons), scores.shape[1]), np.inf)
    since, seen = np.full(first.shape[1:], np.nan), np.zeros(first.shape[1:])
    track, last = -1, 0.0
    looks = zip(visit.times.tolist(), visit.seen, visit.tracks.tolist(), strict=True)
    for (time, found, number), score in zip(looks, scores.astype(np.float64), strict=True):
        if number != track:
            since, track, last = np.full_like(since, np.nan), number, time
        passed, last = min(time - last, LOOK), time
        if not found:
            continue
        above, running = score >= levels, ~np.isnan(since)
        seen = np.where(running, seen + passed, 0.0)
        since = np.where(above, np.where(running, since, time), np.nan)
        held = above & running & (seen + ROUNDING >= share * (time - since))
        first[held & (time - since >= lengths) & np.isinf(first)] = time
    return first


def best(found: Sequence[Setting], bound: float) -> Setting | None:
    """The setting that tells of most angry visits at `bound` false alerts an hour at most.

    Of equals the one with fewest false alerts, then the highest threshold.
    """
    within = [one for one in found if one.an_hour <= bound]
    return max(within, key=lambda one: (one.within_6s, -one.an_hour, one.on), default=None)


def as_json(one: Setting | None) -> dict[str, Any] | None:
    """For the result."""
    return None if one is None else dict(vars(one))
