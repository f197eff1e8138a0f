"""The built-in visitor: the same frames every time, in order, and found by the real cascade."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest

import edge.camera.demo
from edge.camera.demo import SCENES, DemoCamera
from edge.camera.scenes import PLAYS
from edge.errors import ConfigError
from edge.vision.detect import Detector
from edge.vision.face import Box


def play(scene: str, count: int | None = None, **size: float) -> list:
    camera = DemoCamera(scene, **size)
    return list(itertools.islice(iter(camera.read, None), count))


@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_is_the_same_every_time(scene):
    first, second = (play(f"{scene}?pace=off", 60) for _ in range(2))
    assert len(first) == 60
    for one, other in zip(first, second, strict=True):
        assert (one.timestamp, one.index) == (other.timestamp, other.index)
        assert np.array_equal(one.gray, other.gray)


def test_no_two_frames_are_the_same():
    frames = play("calm?pace=off", 60)
    assert all(not np.array_equal(a.gray, b.gray) for a, b in itertools.pairwise(frames))


@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_lasts_as_long_as_its_play(scene):
    frames = play(f"{scene}?pace=off", width=64, height=64, fps=5)
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert [frame.timestamp for frame in frames] == pytest.approx(
        np.arange(0, PLAYS[scene].seconds, 0.2)
    )


@pytest.mark.parametrize("size", [(640, 480), (320, 240), (97, 65)], ids=str)
def test_frames_have_the_size_asked_for(size):
    width, height = size
    (frame,) = play("two?pace=off", 1, width=width, height=height)
    assert (frame.gray.shape, frame.gray.dtype) == ((height, width), np.uint8)


def test_a_loop_goes_on_in_time_and_begins_again():
    count = int(PLAYS["angry"].seconds * 5)
    frames = play("angry?pace=off&loop=on", 2 * count, width=64, height=64, fps=5)
    stamps = [frame.timestamp for frame in frames]
    assert len(stamps) == 2 * count
    assert all(before < after for before, after in itertools.pairwise(stamps))
    empty, again = frames[0].gray.astype(int), frames[count].gray.astype(int)
    assert np.abs(empty - again).mean() < 10, "an empty desk, but for the noise"


@pytest.mark.parametrize(
    ("scene", "said"),
    [
        ("nope", "demo:nope: no such scene; there are demo: demo:calm demo:angry demo:two"),
        ("calm?speed=2", "demo:calm?speed=2: unknown option speed"),
        ("calm?pace=fast", "pace=fast: must be one of live, off"),
        ("calm?loop=yes", "loop=yes: must be one of on, off"),
        ("calm?loop", "loop=: must be one of on, off"),
        ("Calm", "demo:Calm: no such scene"),
    ],
)
def test_what_there_is_not_is_refused_by_name(scene, said):
    with pytest.raises(ConfigError) as caught:
        DemoCamera(scene)
    assert said in str(caught.value)


@pytest.mark.parametrize("scene", SCENES)
def test_the_real_cascade_finds_each_visitor_where_they_stand(scene):
    detector = Detector()
    actors = PLAYS[scene].actors
    found = dict.fromkeys(actors, 0)
    looked = [f for f in play(f"{scene}?pace=off", 100) if f.timestamp > 3][::4]
    strangers = 0
    for frame in looked:
        boxes = detector.full(frame.gray)
        for actor in actors:
            found[actor] += any(inside(box, actor.place) for box in boxes)
        strangers += sum(not any(inside(box, a.place) for a in actors) for box in boxes)
    assert len(looked) > 10
    assert min(found.values()) >= 0.9 * len(looked)
    assert strangers == 0


def inside(box: Box, place: tuple[float, float]) -> bool:
    x, y = place[0] * 640, place[1] * 480
    return box.x < x < box.x + box.w and box.y < y < box.y + box.h


def test_nobody_is_found_before_the_visitor_comes_and_after_they_left():
    detector = Detector()
    frames = play("?pace=off")
    actor = PLAYS[""].actors[0]
    away = [f for f in frames if f.timestamp < actor.comes or f.timestamp > actor.leaves]
    assert len(away) > 10
    assert not any(detector.full(frame.gray) for frame in away)


class Clock:
    """A clock that an event's wait moves on."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now


class Patience(threading.Event):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self._clock.waits.append(timeout)
        self._clock.now += timeout
        return self.is_set()


def test_the_live_pace_waits_for_each_frame_and_stamps_it_with_the_clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(edge.camera.demo, "time", clock)
    camera = DemoCamera("calm", fps=10)
    camera._closed = Patience(clock)
    assert camera.live
    stamps = []
    for index in range(6):
        clock.now += 0.35 if index == 3 else 0.02  # what looking at the frame before took
        stamps.append(camera.read().timestamp)
    start = 1000.02
    assert stamps == pytest.approx([start + s for s in (0, 0.1, 0.2, 0.55, 0.57, 0.59)])
    assert clock.waits == pytest.approx([0, 0.08, 0.08, 0, 0, 0])


def test_closing_ends_the_play_also_for_a_read_that_waits():
    camera = DemoCamera("calm", fps=0.01)  # the second frame is due in 100 s
    camera.read()
    threading.Timer(0.05, camera.close).start()
    camera.read()
    assert camera.read() is None
