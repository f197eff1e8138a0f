"""What `edge-bench latency` measures and how long it stays at it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from benchmarks.visitors import MOST
from edge.config import BOUNDS
from edge.errors import UsageError

SIZES = ((320, 240), (640, 480), (1280, 720), (1920, 1080))
FACES = (0, 1, 2, 5)
THREADS = (1, 2, 4)


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        processes: Fresh processes for each file, interpreter and number of threads.
        calls: Faces read in each of them, at most.
        seconds: Time for these calls in each of them, at most.
        drawn: Different frames of each scene.
        frames: Frames looked at in each scene, 10 to a second of the scene's time.
        sustained: Seconds for which a scene is then looked at as fast as it goes.
    """

    processes: int
    calls: int
    seconds: float
    drawn: int
    frames: int
    sustained: float


FULL = Plan(processes=3, calls=500, seconds=1.0, drawn=30, frames=200, sustained=1.5)
QUICK = Plan(processes=1, calls=50, seconds=0.3, drawn=10, frames=30, sustained=0.3)


def default_threads(cores: int | None = None) -> tuple[int, ...]:
    """1, 2 and 4, as far as there are cores."""
    count = cores or os.cpu_count() or 1
    return tuple(threads for threads in THREADS if threads <= count)


def numbers(text: str, flag: str, low: int, high: int) -> tuple[int, ...]:
    """The whole numbers of a comma list, each once, smallest first.

    Raises:
        UsageError: one of them is no whole number, or out of bounds.
    """
    found = set()
    for word in text.split(","):
        if not word.strip().isdecimal() or not low <= int(word) <= high:
            raise UsageError(f"{flag} {text}: must be whole numbers of {low} to {high}, as 1,2")
        found.add(int(word))
    return tuple(sorted(found))


def face_counts(text: str) -> tuple[int, ...]:
    """The numbers of faces that `--faces` asks for."""
    return numbers(text, "--faces", 0, MOST)


def sizes(text: str) -> tuple[tuple[int, int], ...]:
    """The frame sizes that `--size` asks for, smallest first.

    Raises:
        UsageError: one is not WIDTHxHEIGHT, or nothing a camera would give.
    """
    low, high = map(int, BOUNDS["camera.width"])
    found = set()
    for word in text.split(","):
        width, _, height = word.strip().partition("x")
        if not (width.isdecimal() and height.isdecimal()) or not all(
            low <= int(side) <= high for side in (width, height)
        ):
            raise UsageError(
                f"--size {text}: must be WIDTHxHEIGHT of {low} to {high} pixels, as 640x480"
            )
        found.add((int(width), int(height)))
    return tuple(sorted(found, key=lambda size: size[0] * size[1]))
