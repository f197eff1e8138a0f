"""The newest frame only: what is overtaken is counted, what ends or fails is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from edge.camera.base import Frame
from edge.camera.newest import NewestFrame
from edge.errors import CameraError

PATIENCE = 30  # seconds; a safety net, not a promise
GRAY = np.zeros((2, 2), np.uint8)


class ScriptedCamera:
    """Hands out one thing each time it is told to: a frame, None, or an error."""

    name, live = "scripted", True

    def __init__(self) -> None:
        self.closed = threading.Event()
        self.reading = threading.Semaphore(0)  # counts the calls of read()
        self._allowed = threading.Semaphore(0)
        self._script: list[Frame | Exception | None] = []

    def give(self, *things: Frame | Exception | None) -> None:
        """Hand these out, and wait until the thread asks for more."""
        for thing in things:
            self._script.append(thing)
            self._allowed.release()
            if isinstance(thing, Frame):
                assert self.reading.acquire(timeout=PATIENCE)

    def read(self) -> Frame | None:
        self.reading.release()
        assert self._allowed.acquire(timeout=PATIENCE)
        thing = self._script.pop(0)
        if isinstance(thing, Exception):
            raise thing
        return thing

    def close(self) -> None:
        self.closed.set()


def frame(index: int) -> Frame:
    return Frame(GRAY, index / 10, index)


@contextmanager
def running() -> Iterator[tuple[ScriptedCamera, NewestFrame]]:
    """A thread that waits in its first read()."""
    camera = ScriptedCamera()
    newest = NewestFrame(camera)
    assert camera.reading.acquire(timeout=PATIENCE)
    try:
        yield camera, newest
    finally:
        camera.give(None)
        assert newest.close(PATIENCE)


def test_a_frame_is_handed_on_once():
    with running() as (camera, newest):
        camera.give(frame(0))
        assert newest.get(PATIENCE).index == 0
        with pytest.raises(TimeoutError, match=r"camera scripted: no frame for 0.01 s"):
            newest.get(0.01)
        assert newest.dropped == 0


def test_only_the_newest_is_kept_and_the_others_are_counted():
    with running() as (camera, newest):
        camera.give(*map(frame, range(5)))
        assert newest.get(PATIENCE).index == 4
        assert newest.dropped == 4
        camera.give(frame(5))
        assert newest.get(PATIENCE).index == 5
        assert newest.dropped == 4


def test_get_waits_for_a_frame_that_comes_later():
    with running() as (camera, newest):
        got: list[Frame | None] = []
        waiter = threading.Thread(target=lambda: got.append(newest.get(PATIENCE)))
        waiter.start()
        camera.give(frame(7))
        waiter.join(PATIENCE)
        assert [each.index for each in got] == [7]


def test_the_end_comes_after_the_last_frame_and_stays():
    with running() as (camera, newest):
        camera.give(frame(0), None)
        assert newest.get(PATIENCE).index == 0
        assert newest.get(PATIENCE) is None
        assert newest.get(PATIENCE) is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (CameraError("scripted: stopped giving frames"), "scripted: stopped giving frames"),
        (ZeroDivisionError("in the driver"), "scripted: ZeroDivisionError: in the driver"),
    ],
    ids=["its own", "the driver's"],
)
def test_an_error_comes_after_the_last_frame_and_stays(error, said):
    with running() as (camera, newest):
        camera.give(frame(0), error)
        assert newest.get(PATIENCE).index == 0
        for _ in range(2):
            with pytest.raises(CameraError, match=said):
                newest.get(PATIENCE)


def test_an_error_wakes_who_waits():
    with running() as (camera, newest):
        told: list[str] = []

        def wait() -> None:
            try:
                newest.get(PATIENCE)
            except CameraError as error:
                told.append(str(error))

        waiter = threading.Thread(target=wait)
        waiter.start()
        camera.give(CameraError("gone"))
        waiter.join(PATIENCE)
        assert told == ["gone"]


def test_close_releases_the_camera_once_its_thread_is_done():
    camera = ScriptedCamera()
    newest = NewestFrame(camera)
    camera.give(None)
    assert newest.close(PATIENCE)
    assert camera.closed.is_set()
    assert newest.close(PATIENCE), "may be called twice"


def test_close_stops_a_camera_that_goes_on():
    camera = ScriptedCamera()
    camera._allowed = threading.Semaphore(10**6)
    camera.read = lambda: frame(0)
    newest = NewestFrame(camera)
    assert newest.get(PATIENCE) is not None
    assert newest.close(PATIENCE)
    assert camera.closed.is_set()


def test_close_gives_up_on_a_driver_that_blocks_and_leaves_it_alone():
    camera = ScriptedCamera()
    newest = NewestFrame(camera)
    assert camera.reading.acquire(timeout=PATIENCE)
    assert newest.close(0.05) is False
    assert not camera.closed.is_set(), "closing under a blocked read() can crash the process"
    camera.give(None)
    assert newest.close(PATIENCE), "once the driver lets go after all"
    assert camera.closed.is_set()


def test_the_thread_does_not_keep_the_process_alive():
    camera = ScriptedCamera()
    before = set(threading.enumerate())
    newest = NewestFrame(camera)
    (thread,) = set(threading.enumerate()) - before
    assert thread.daemon
    camera.give(None)
    assert newest.close(PATIENCE)
