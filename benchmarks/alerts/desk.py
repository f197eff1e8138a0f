"""Faces that have been read, and the visits they are sent through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.alerts import rates, sweep, traffic
from benchmarks.alerts.traffic import ANGRY, Visit
from benchmarks.alerts.watch import Watched, taught, watch
from edge.alerts.rule import RuleConfig
from edge.labels import EMOTIONS
from edge.pipeline import ExpressionConfig
from edge.vision.baseline import Site

SEED = 2013
TAUGHT = 300  # visitors before, from whom a site has learned
RARE = 0.02  # of them are angry


@dataclass(frozen=True)
class Desk:
    """What every part of the benchmark works on.

    Attributes:
        readings: (n, v, crops, 7) probabilities by view, see `read_faces`.
        classes: (n,) what the FER+ majority calls each face.
        visits: Through each of which every face is sent.
        expression, rule: The settings judged.
    """

    readings: NDArray[np.float32]
    classes: NDArray[np.str_]
    visits: Sequence[Visit]
    expression: ExpressionConfig
    rule: RuleConfig

    @cached_property
    def angry(self) -> NDArray[np.bool_]:
        """(n,) which faces are angry."""
        return np.asarray(self.classes == ANGRY)

    @cached_property
    def weight(self) -> rates.Floats:
        """(n,) calm visits an hour that each face stands for."""
        return rates.weights(self.classes)

    @cached_property
    def able(self) -> NDArray[np.int64]:
        """The faces that might raise an alert: averages and baselines never exceed a reading."""
        most = self.readings[..., EMOTIONS.index(ANGRY)].max(axis=(1, 2))
        return np.flatnonzero(most >= min(self.rule.on, *sweep.ONS))

    def resting(self) -> NDArray[np.bool_]:
        """(n,) the neutral faces whose mean reading has anger on top."""
        top = self.readings.mean(axis=(1, 2)).argmax(axis=1)
        return np.asarray((self.classes == "neutral") & (top == EMOTIONS.index(ANGRY)))

    def watched(self, expression: ExpressionConfig, site: Site | None) -> Iterator[Watched]:
        """Every visit of the faces in `able`.

        Chance is the same whatever the settings, so that they compare pair by pair.
        """
        for number, visit in enumerate(self.visits):
            rng = np.random.default_rng((SEED, 1, number))
            yield watch(self.readings[self.able], visit, rng, expression, site)

    def site(self, mode: str) -> Site | None:
        """What the desk has learned from the visitors before, where it learns."""
        if mode != "site":
            return None
        rng = np.random.default_rng((SEED, 2))
        calm, angry = self.weight / traffic.AN_HOUR, self.angry / self.angry.sum()
        chance = calm * (1 - RARE) + angry * RARE
        came = rng.choice(len(chance), TAUGHT, p=chance / chance.sum())
        expression = replace(self.expression, baseline=mode)
        return taught(self.readings[came], self.visits, rng, expression)
