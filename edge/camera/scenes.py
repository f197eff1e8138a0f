"""The built-in visitor's plays: who stands where, when, and with which face. Data, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FADE = 0.6  # seconds in which one face becomes another
WALK = 1.2  # seconds in which somebody walks in or out


@dataclass(frozen=True)
class Actor:
    """One visitor of a play.

    Attributes:
        moods: (second, face) in the order of time; the first is worn on arrival.
        comes, leaves: Seconds at which the visitor walks in and out.
        place: Middle of the face, in shares of the frame's width and height.
        size: Height of the face, in shares of the frame's height.
        side: -1 walks in from the left, 1 from the right.
        rhythm: Radians by which this visitor's sway is ahead of another's.
    """

    moods: tuple[tuple[float, str], ...]
    comes: float
    leaves: float
    place: tuple[float, float] = (0.5, 0.44)
    size: float = 0.38
    side: int = -1
    rhythm: float = 0.0


@dataclass(frozen=True)
class Play:
    """A scene with its length in seconds."""

    about: str
    seconds: float
    actors: tuple[Actor, ...]


PLAYS: Mapping[str, Play] = {
    "": Play(
        "a visitor is calm, gets angry, and calms down",
        20.0,
        (Actor(((0.0, "neutral"), (5.0, "angry"), (12.5, "neutral")), comes=0.5, leaves=18.0),),
    ),
    "calm": Play(
        "a visitor who is neutral, smiles, and is neutral again",
        16.0,
        (Actor(((0.0, "neutral"), (5.0, "happy"), (9.0, "neutral")), comes=0.5, leaves=14.0),),
    ),
    "angry": Play(
        "a visitor who is angry from arrival to leaving",
        14.0,
        (Actor(((0.0, "angry"),), comes=0.5, leaves=12.0),),
    ),
    "two": Play(
        "a calm visitor, and a second one who gets angry beside them",
        20.0,
        (
            Actor(
                ((0.0, "neutral"), (8.0, "happy"), (11.0, "neutral")),
                comes=0.5,
                leaves=18.0,
                place=(0.28, 0.47),
                size=0.34,
            ),
            Actor(
                ((0.0, "neutral"), (5.0, "angry"), (12.5, "neutral")),
                comes=1.5,
                leaves=16.5,
                place=(0.72, 0.42),
                size=0.38,
                side=1,
                rhythm=2.1,
            ),
        ),
    ),
}
