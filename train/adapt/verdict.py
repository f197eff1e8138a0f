"""Whether an adapted model is better, on which faces, and how sure that is. Pure; numpy only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.data import FaceSet
from train.metrics import paired_difference, wilson_interval
from train.significance import mcnemar

CHANCE = 0.05  # how likely a gain by luck may be before it is said to be one

Interval = tuple[float, float]
Logits = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Change:
    """Accuracy on the same faces, before and after; shares of 1.

    Attributes:
        n: Faces.
        before, after: Accuracy, each with its 95% interval (Wilson 1927).
        gain: After less before, with its 95% interval.
        won, lost: Faces that only the adapted model gets right, and only the base model.
        p: How likely a change as uneven is if neither model is better (McNemar 1947).
    """

    n: int
    before: float
    before_95: Interval
    after: float
    after_95: Interval
    gain: float
    gain_95: Interval
    won: int
    lost: int
    p: float

    def line(self, what: str) -> str:
        """One line for a person."""
        low, high = self.gain_95
        return (
            f"{what}: {self.before:.1%} before, {self.after:.1%} after, {_points(self.gain)} "
            f"({_points(low)} to {_points(high)}, p {self.p:.2g}; {self.n} faces, "
            f"{self.won} won, {self.lost} lost)"
        )


def change(truth: NDArray[np.int64], before: Logits, after: Logits) -> Change:
    """Compare (n, k) answers of two models with (n,) labels."""
    was, became = before.argmax(axis=1) == truth, after.argmax(axis=1) == truth
    gain, interval = paired_difference(became, was)
    test = mcnemar(became, was)
    n = len(truth)
    return Change(
        n=n,
        before=float(was.mean()) if n else 0.0,
        before_95=wilson_interval(int(was.sum()), n),
        after=float(became.mean()) if n else 0.0,
        after_95=wilson_interval(int(became.sum()), n),
        gain=gain,
        gain_95=interval,
        won=test.only_first,
        lost=test.only_second,
        p=test.p,
    )


def changes(faces: FaceSet, before: Logits, after: Logits) -> dict[str, Change]:
    """`change` under the set's own labels and, where there are votes, the FER+ majority."""
    told = {"original": change(faces.labels, before, after)}
    agreed = faces.majority >= 0
    if agreed.any():
        told["ferplus"] = change(faces.majority[agreed], before[agreed], after[agreed])
    return told


@dataclass(frozen=True)
class Verdict:
    """What is said of an adapted model.

    Attributes:
        own: On the held-out part of one's own faces.
        anchor: On the base data's PublicTest, by label set; empty where that was not given.
        max_loss: Points (hundredths) that may be lost there.
    """

    own: Change
    anchor: Mapping[str, Change]
    max_loss: float

    @property
    def lost(self) -> float:
        """Points lost on the base data, under the label set that loses more; 0 if none does."""
        return max([0.0, *(-100 * one.gain for one in self.anchor.values())])

    @property
    def objection(self) -> str:
        """Why the model should not be used; '' where nothing speaks against it."""
        if self.own.gain <= 0:
            return (
                f"not better on your held-out faces ({self.own.before:.1%} before, "
                f"{self.own.after:.1%} after)"
            )
        if self.lost > self.max_loss:
            return (
                f"better on yours ({_points(self.own.gain)}), but worse on the base data by "
                f"{self.lost:.1f} points, more than --max-loss {self.max_loss:g}"
            )
        return ""

    def sentence(self) -> str:
        """The verdict in plain words."""
        return self.objection or f"better on yours{self._doubt()}{self._anchor()}"

    def _doubt(self) -> str:
        if self.own.p <= CHANCE:
            return f" by {_points(self.own.gain)}"
        return (
            f" by {_points(self.own.gain)}, which {self.own.n} held-out faces cannot tell from "
            "luck (take more)"
        )

    def _anchor(self) -> str:
        if not self.anchor:
            return "; what it costs on the base data could not be checked without --anchor-data"
        gains = [one.gain for one in self.anchor.values()]
        if min(gains) > 0 and all(one.p <= CHANCE for one in self.anchor.values()):
            return f", and better on the base data, too, by at least {_points(min(gains))}"
        if self.lost == 0:
            return ", and no worse on the base data"
        return (
            f"; on the base data {self.lost:.1f} points less, within --max-loss {self.max_loss:g}"
        )

    def as_json(self) -> dict[str, Any]:
        """For `adapt.json`."""
        return {
            "own_held_out": asdict(self.own),
            "anchor_public_test": {name: asdict(one) for name, one in self.anchor.items()},
            "max_loss_points": self.max_loss,
            "verdict": self.sentence(),
        }


def _points(share: float) -> str:
    return f"{100 * share:+.1f} points"
