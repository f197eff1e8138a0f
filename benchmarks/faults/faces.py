"""Twenty faces at once: nobody is lost, nobody is told of twice, and the loop goes on."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from benchmarks.progress import progress
from edge.alerts.rule import Event, Firing, RuleConfig
from edge.camera.base import Frame
from edge.camera.demo import Stage
from edge.camera.scenes import WALK, Actor, Play
from edge.config import Config
from edge.vision.card import DEFAULT_CARD
from edge.vision.detect import DetectionConfig
from edge.vision.expression import load_model
from edge.watch import Watch

WIDTH, HEIGHT, FPS = 1920, 1080, 10.0
COLUMNS, ROWS = 5, 4
SIZE = 0.13  # of a face, in shares of the height: 140 pixels
# every second one; the rest are calm
MOODS = ("angry", "happy")
# a hall instead of a desk: faces are smaller than the default looks for
DETECTION = DetectionConfig(width=960, min_face=0.08)
RULE = RuleConfig(cap=100)  # the default one lets 12 alerts an hour through


def crowd() -> Play:
    """Twenty visitors in four rows."""
    actors = tuple(
        Actor(
            moods=((0.0, MOODS[(row + column) % 2]),),
            comes=-WALK,
            leaves=1e6,
            place=((column + 0.5) / COLUMNS, (row + 0.55) / ROWS),
            size=SIZE,
            rhythm=1.7 * (COLUMNS * row + column),
        )
        for row in range(ROWS)  # those behind first, or their shoulders would hide a face
        for column in range(COLUMNS)
    )
    return Play("twenty visitors", 1e6, actors)


def measure(seconds: int = 30) -> dict[str, Any]:
    """Watch the crowd for so many seconds of its time.

    Returns:
        `rows`, as every module here; and `tracked`, visitors in view in the last frame, and
        `frame_ms`, mean milliseconds a frame took.
    """
    config = Config(detection=DETECTION, rules={"anger": RULE})
    watch = Watch(config, load_model(DEFAULT_CARD))
    stage = Stage(crowd(), WIDTH, HEIGHT)
    events: list[Event] = []
    tracked, busy, frames = 0, 0.0, round(seconds * FPS)
    for index in progress(range(frames), "twenty faces"):
        frame = Frame(stage.render(index / FPS, index), index / FPS, index)
        start = time.perf_counter()
        observation, told = watch.look(frame)
        busy += time.perf_counter() - start
        events += told
        tracked = sum(reading.seen for reading in observation.readings)
    raised = Counter(event.visitor for event in events if isinstance(event, Firing))
    angry = sum(actor.moods[0][1] == "angry" for actor in crowd().actors)
    took = 1000 * busy / frames
    row = {
        "fault": f"{COLUMNS * ROWS} faces for {seconds} s, {angry} of them angry",
        "times": frames,
        "lost": max(0, angry - len(raised)),
        "doubled": sum(count - 1 for count in raised.values()),
        "told": f"{tracked} in view, {len(raised)} alerts, {took:.0f} ms a frame",
    }
    return {"rows": [row], "tracked": tracked, "frame_ms": took}
