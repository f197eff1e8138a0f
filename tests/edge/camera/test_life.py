"""One life of a camera: opened, read and closed by one thread, by a clock that never waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.virtual_time import VirtualClockwork
from edge.camera.base import Frame
from edge.camera.life import Life
from edge.errors import CameraError, ConfigError

GRAY = np.zeros((20, 20), np.uint8)


@pytest.fixture
def time() -> Iterator[VirtualClockwork]:
    with VirtualClockwork() as clockwork:
        yield clockwork


class Scripted:
    """Does one thing after the other: a number waits, an error is raised, None is the end."""

    name = "scripted"

    def __init__(self, time: VirtualClockwork, script: list, live: bool = True) -> None:
        self.live = live
        self._time, self._script = time, script
        self.index = 0
        self.threads: set[str] = set()
        self.closed = 0
        self.closing: Exception | None = None

    def read(self) -> Frame | None:
        self.threads.add(threading.current_thread().name)
        self._time.sleep(0.1)
        thing = self._script.pop(0) if self._script else "frame"
        if isinstance(thing, int | float):
            self._time.sleep(thing)
        if isinstance(thing, Exception):
            raise thing
        if thing is None:
            return None
        self.index += 1
        return Frame(GRAY, self._time.now(), self.index - 1)

    def close(self) -> None:
        self.threads.add(threading.current_thread().name)
        self.closed += 1
        if self.closing:
            raise self.closing


def begin(time: VirtualClockwork, script=(), **how) -> tuple[Scripted, Life]:
    camera = Scripted(time, list(script), **how)
    return camera, Life(lambda: camera, time.condition(), time)


def test_the_newest_frame_of_a_live_camera_is_kept_and_the_others_counted(time):
    _, life = begin(time)
    time.sleep(1.05)
    assert life.take().index == 9
    assert (life.take(), life.dropped) == (None, 9)
    assert life.wait(lambda: life.waits, 5)
    assert life.take().index == 10


def test_every_frame_of_a_clip_waits_to_be_taken(time):
    camera, life = begin(time, [1, 1, 1, None], live=False)
    seen = []
    while life.wait(lambda: life.waits or life.over, 100) and (frame := life.take()) is not None:
        seen.append(frame.index)
        time.sleep(7)
    assert seen == [0, 1, 2]
    assert (life.ended, life.over, life.dropped, life.error) == (True, True, 0, None)
    assert camera.closed == 1


def test_a_clip_that_nobody_watches_still_stops(time):
    camera, life = begin(time, live=False)
    time.sleep(10)
    assert camera.index == 1
    assert life.since is None, "it waits for us, not for a driver"
    life.stop()
    assert life.wait(lambda: life.over, 1)


def test_one_thread_does_it_all(time):
    camera, life = begin(time)
    time.sleep(1)
    life.stop()
    assert life.wait(lambda: life.over, 1)
    assert (camera.threads, camera.closed) == ({"camera"}, 1)


def test_a_call_that_does_not_return_is_seen_and_cleaned_up_after_once_it_does(time):
    camera, life = begin(time, [0, 50])
    time.sleep(30)
    assert time.now() - life.since == pytest.approx(29.9)
    life.stop()
    assert not life.wait(lambda: life.over, 5)
    assert camera.closed == 0, "closing under a blocked read() can crash the process"
    assert life.wait(lambda: life.over, 50)
    assert (camera.closed, life.take()) == (1, None)


def test_a_camera_that_opens_too_late_is_closed_again(time):
    camera = Scripted(time, [])

    def opener() -> Scripted:
        time.sleep(60)
        return camera

    life = Life(opener, time.condition(), time)
    time.sleep(30)
    assert life.camera is None
    assert time.now() - life.since == 30
    life.stop()
    assert life.wait(lambda: life.over, 60)
    assert (camera.closed, camera.index) == (1, 0)


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (CameraError("gone"), CameraError, "gone"),
        (ConfigError("bad mask"), ConfigError, "bad mask"),
        (ZeroDivisionError("in the driver"), CameraError, "ZeroDivisionError: in the driver"),
    ],
)
@pytest.mark.parametrize("when", ["opening", "reading"])
def test_an_error_ends_it_and_is_kept(time, error, kind, said, when):
    camera = Scripted(time, [1, error])

    def opener() -> Scripted:
        if when == "opening":
            raise error
        return camera

    life = Life(opener, time.condition(), time)
    assert life.wait(lambda: life.over, 10)
    assert isinstance(life.error, kind)
    assert said in str(life.error)
    assert camera.closed == (when == "reading")
    assert not life.ended


def test_an_error_on_closing_is_kept_unless_it_was_told_to_close(time):
    camera, life = begin(time, [None])
    camera.closing = OSError("no such device")
    assert life.wait(lambda: life.over, 10)
    assert "OSError: no such device" in str(life.error)
    camera, life = begin(time)
    camera.closing = OSError("no such device")
    time.sleep(1)
    life.stop()
    assert life.wait(lambda: life.over, 10)
    assert life.error is None
