"""The built-in visitor: a desk, and a face that is the average of dozens of faces.

It is a camera like any other: it hands out grey frames and nothing else, so whatever finds and
reads the face is the real thing. Each frame follows from the play and its number alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from math import cos, pi, sin
from pathlib import Path
from urllib.parse import parse_qsl

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.camera.base import Frame
from edge.camera.scenes import FADE, PLAYS, WALK, Actor, Play
from edge.errors import ConfigError

Gray = NDArray[np.uint8]
Plane = NDArray[np.float32]

FACES = Path(__file__).with_name("visitor")
SCENES: Mapping[str, str] = {name: play.about for name, play in PLAYS.items()}
NOISE_LEVELS = 2.5  # standard deviation of the sensor's noise, in grey levels
NOISE_PLANES = 7  # drawn once and taken in turn


class DemoCamera:
    """Plays a scene.

    Args:
        scene: `""`, `calm`, `angry` or `two`; options after a `?`: `pace=off` hands frames out as
            fast as they are asked for, in the play's own time (live is the default); `loop=on`
            plays for ever.
        width, height: Of the frames, in pixels.
        fps: Frames a second.

    Raises:
        ConfigError: there is no such scene or option.
    """

    def __init__(self, scene: str = "", width: int = 640, height: int = 480, fps: float = 10.0):
        name, _, query = scene.partition("?")
        options = dict(parse_qsl(query, keep_blank_values=True))
        if name not in PLAYS:
            known = " ".join(f"demo:{known}" for known in PLAYS)
            raise ConfigError(f"demo:{name}: no such scene; there are {known}")
        self.live = _option(options, "pace", {"live": True, "off": False}, True)
        self._loop = _option(options, "loop", {"on": True, "off": False}, False)
        if options:
            raise ConfigError(f"demo:{scene}: unknown option {', '.join(options)}; see --help")
        self.name = f"demo:{scene}"
        self._stage = Stage(PLAYS[name], width, height)
        self._fps, self._index = fps, 0
        self._start: float | None = None
        self._closed = threading.Event()

    def read(self) -> Frame | None:
        """The next frame, or None at the end of the play; see `Camera.read`."""
        second = self._index / self._fps
        length = self._stage.play.seconds
        if self._closed.is_set() or (second >= length and not self._loop):
            return None
        gray = self._stage.render(second % length, self._index)
        stamp = self._wait_until(second) if self.live else second
        frame = Frame(gray, stamp, self._index)
        self._index += 1
        return frame

    def _wait_until(self, second: float) -> float:
        if self._start is None:
            self._start = time.monotonic()
        due = self._start + second
        self._closed.wait(max(0.0, due - time.monotonic()))
        return max(due, time.monotonic())

    def close(self) -> None:
        """End the play; a waiting `read` returns."""
        self._closed.set()


def _option(options: dict[str, str], name: str, values: Mapping[str, bool], default: bool) -> bool:
    if name not in options:
        return default
    given = options.pop(name)
    if given not in values:
        raise ConfigError(f"demo: {name}={given}: must be one of {', '.join(values)}")
    return values[given]


class Stage:
    """Draws a play: the desk, the visitors on it, the sensor's noise."""

    def __init__(self, play: Play, width: int, height: int) -> None:
        self.play = play
        self._width, self._height = width, height
        self._desk = _desk(width, height)
        self._faces = {face: _face(face) for actor in play.actors for _, face in actor.moods}
        rng = np.random.default_rng(2013)
        self._noise = [
            rng.normal(0, NOISE_LEVELS, (height, width)).astype(np.float32)
            for _ in range(NOISE_PLANES)
        ]

    def render(self, second: float, index: int) -> Gray:
        """Draw the frame at `second` of the play as (height, width) uint8."""
        scene = self._desk.copy()
        for actor in self.play.actors:
            if actor.comes <= second <= actor.leaves:
                self._draw(scene, actor, second)
        scene *= 1 + 0.015 * sin(2 * pi * second / 3.7)  # lamps are never quite steady
        # not in step with anything else, so that two frames are never the same
        scene += self._noise[(index * 3 + index // NOISE_PLANES) % NOISE_PLANES]
        return np.clip(scene, 0, 255).astype(np.uint8)

    def _draw(self, scene: Plane, actor: Actor, second: float) -> None:
        side = actor.size * self._height * (1 + 0.04 * sin(0.9 * second + actor.rhythm))
        x = self._width * actor.place[0] + 0.06 * side * sin(1.3 * second + actor.rhythm)
        x += actor.side * self._walk(actor, second) * self._width
        y = self._height * actor.place[1] + 0.03 * side * cos(1.7 * second + actor.rhythm)
        _body(scene, x, y, side)
        angle = 3.0 * sin(0.7 * second + actor.rhythm)
        _paste(scene, self._expression(actor, second), x, y, side, angle)

    def _walk(self, actor: Actor, second: float) -> float:
        """How far out of place the visitor is, in shares of the width."""
        outside = max(0.0, 1 - (second - actor.comes) / WALK, 1 - (actor.leaves - second) / WALK)
        return 0.8 * outside**2

    def _expression(self, actor: Actor, second: float) -> Plane:
        """The worn face, fading from the one before."""
        worn = self._faces[actor.moods[0][1]]
        for start, mood in actor.moods[1:]:
            share = np.float32(min(1.0, max(0.0, (second - start) / FADE)))
            worn = worn + share * (self._faces[mood] - worn)
        return np.asarray(worn, dtype=np.float32)


def _face(name: str) -> Plane:
    face = cv2.imread(str(FACES / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
    if face is None:
        raise ConfigError(f"{FACES / name}.png: the built-in visitor's face is missing; reinstall")
    return face.astype(np.float32)


def _oval(side: int = 48) -> Plane:
    """A soft-edged egg: the face counts, what was behind it does not."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].astype(np.float32)
    radius = np.abs(x * (1 + 0.06 * np.maximum(y, 0))) ** 5 + np.abs(y) ** 5
    return np.asarray(np.clip((1.02 - radius) / 0.35, 0, 1), dtype=np.float32)


OVAL = _oval()


def _paste(scene: Plane, face: Plane, x: float, y: float, side: float, angle: float) -> None:
    """Blend a (48, 48) face into the scene, `side` pixels high with its middle at (x, y)."""
    height, width = scene.shape
    reach = side * 0.75
    left, right = max(0, int(x - reach)), min(width, int(x + reach) + 1)
    top, bottom = max(0, int(y - reach)), min(height, int(y + reach) + 1)
    if left >= right or top >= bottom:
        return
    matrix = cv2.getRotationMatrix2D((23.5, 23.5), angle, side / 48)
    matrix[:, 2] += np.array((x - left - 23.5, y - top - 23.5))
    size = (right - left, bottom - top)
    drawn = cv2.warpAffine(
        face, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    mask = cv2.warpAffine(OVAL, matrix, size)
    area = scene[top:bottom, left:right]
    area += mask * (drawn - area)


def _body(scene: Plane, x: float, y: float, side: float) -> None:
    """Hair, neck and shoulders, plain enough that nobody takes them for a face."""

    def ellipse(dx: float, dy: float, width: float, height: float, grey: float) -> None:
        middle = (round(x + dx * side), round(y + dy * side))
        axes = (max(1, round(width * side)), max(1, round(height * side)))
        cv2.ellipse(scene, middle, axes, 0, 0, 360, grey, -1, cv2.LINE_AA)

    ellipse(0, 1.5, 1.05, 0.8, 66)
    ellipse(0, 0.6, 0.24, 0.42, 112)
    ellipse(0, -0.12, 0.5, 0.5, 60)
    ellipse(0, 0.05, 0.45, 0.5, 84)


def _desk(width: int, height: int) -> Plane:
    """A wall with a picture and a shelf behind, a desk in front."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    scene = (168 - 38 * np.abs(x - 0.35) - 30 * y).astype(np.float32)

    def block(left: float, top: float, right: float, bottom: float, grey: float) -> None:
        corner = (round(left * width), round(top * height))
        opposite = (round(right * width), round(bottom * height))
        cv2.rectangle(scene, corner, opposite, grey, -1)

    block(0.05, 0.08, 0.2, 0.3, 96)
    block(0.06, 0.1, 0.19, 0.28, 178)
    block(0.76, 0.14, 0.97, 0.16, 92)
    for i, grey in enumerate((120, 150, 104, 140, 88)):
        block(0.78 + i * 0.035, 0.05, 0.805 + i * 0.035, 0.14, grey)
    block(0, 0.9, 1, 1, 84)
    block(0, 0.89, 1, 0.905, 110)
    return np.asarray(cv2.GaussianBlur(scene, (0, 0), width / 500), dtype=np.float32)
