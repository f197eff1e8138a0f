"""How many alerts a looped play must bring; knows no clock."""

from __future__ import annotations

from typing import NamedTuple

from edge.alerts.rule import HOUR, RuleConfig
from edge.camera.scenes import FADE, Play

SLACK = 1.0  # seconds that the first frame looked at may be later than the play's first


class Expected(NamedTuple):
    """Between how many and how many, both included."""

    low: int
    high: int


def angry_times(seconds: float, play: Play, rule: RuleConfig) -> Expected:
    """How often one visitor has looked angry for as long as the rule wants.

    Each loop's visitor is a new one to the service, so the rule's `repeat` does not hold alerts
    back; its cap does, which counts what it holds back.

    Args:
        seconds: That the looped play was watched.
        play: With one actor, whose moods say when anger begins and ends.
    """
    moods = [*play.actors[0].moods, (play.actors[0].leaves, "")]
    began = next(at for at, mood in moods if mood == rule.emotion)
    ended = next(at for at, _ in moods if at > began)
    earliest = began + rule.seconds
    latest = ended + FADE + SLACK
    return Expected(_loops(seconds - latest, play), _loops(seconds + SLACK - earliest, play))


def most_raised(seconds: float, cap: int) -> int:
    """Alerts that the cap lets through in this time at most."""
    return cap * (int(seconds // HOUR) + 1)


def _loops(seconds: float, play: Play) -> int:
    """Loops that have come to a certain second, if the first came to it `seconds` ago."""
    return int(seconds // play.seconds) + 1 if seconds >= 0 else 0
