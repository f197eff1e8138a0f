"""V4L2 cameras whose driver lies; the capture is a stand-in, since no camera is here."""

from __future__ import annotations

import numpy as np
import pytest

import edge.camera.v4l2
from edge.camera.state import CameraFault, CameraState
from edge.camera.v4l2 import FAILED_READS, PATIENCE, V4l2Camera
from edge.errors import CameraError

YUYV = np.dstack([np.full((48, 64), 90, np.uint8), np.full((48, 64), 128, np.uint8)])


class Capture:
    """Says yes to everything, and returns what it was given."""

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.reads = 0
        self.asked: dict[int, float] = {}
        self.released = 0

    def set(self, prop: int, value: float) -> bool:
        self.asked[prop] = value
        return True

    def get(self, prop: int) -> float:
        return self.asked.get(prop, 0.0)

    def read(self) -> tuple[bool, np.ndarray | None]:
        self.reads += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer() if callable(answer) else answer

    def release(self) -> None:
        self.released += 1


@pytest.fixture
def plug(tmp_path, monkeypatch):
    def plugged(*answers) -> tuple[Capture, V4l2Camera]:
        capture = Capture(*answers)
        monkeypatch.setattr(edge.camera.v4l2, "open_capture", lambda *_: capture)
        (tmp_path / "video0").touch()
        return capture, V4l2Camera(str(tmp_path / "video0"), 64, 48, 10)

    return plugged


def test_a_missing_node_is_unplugged():
    with pytest.raises(CameraFault, match="plug the camera in") as caught:
        V4l2Camera("77", 64, 48, 10)
    assert caught.value.state is CameraState.UNPLUGGED


def test_frames_come_with_their_luminance(plug):
    capture, camera = plug((True, YUYV))
    frames = [camera.read() for _ in range(3)]
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert all((frame.gray == 90).all() for frame in frames)
    camera.close()
    assert capture.released == 1


LIES = [
    (True, None),
    (True, np.zeros((0,), np.uint8)),
    (True, np.zeros((0, 0, 3), np.uint8)),
    (True, np.zeros((48, 64, 4), np.uint8)),
    (True, np.zeros((1, 900), np.uint8)),
    (False, None),
    (False, YUYV),
]


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_a_lie_or_two_are_skipped(plug, lie):
    capture, camera = plug(lie, lie, (True, YUYV))
    assert camera.read().gray.shape == (48, 64)
    assert capture.reads == 3


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_lies_only_are_an_error(plug, lie):
    capture, camera = plug(lie)
    with pytest.raises(CameraError) as caught:
        camera.read()
    assert capture.reads == FAILED_READS
    broken = lie[0] and lie[1] is not None
    assert isinstance(caught.value, CameraFault) == broken
    assert ("are not pictures" if broken else "stopped giving frames") in str(caught.value)


def test_sizes_other_than_asked_for_are_taken_as_they_come(plug):
    _, camera = plug((True, YUYV), (True, YUYV[:20]))
    assert [camera.read().gray.shape for _ in range(2)] == [(48, 64), (20, 64)]


def test_a_camera_that_gives_nothing_is_told_after_one_wait_of_the_driver(plug, monkeypatch):
    """OpenCV waits ten seconds in each read(); five of them would look like a hung driver."""

    class Slow:
        now = 0.0

        def monotonic(self) -> float:
            return self.now

    clock = Slow()
    monkeypatch.setattr(edge.camera.v4l2, "time", clock)

    def wait() -> tuple[bool, None]:
        clock.now += 10
        return False, None

    capture, camera = plug(wait)
    with pytest.raises(CameraError, match="stopped giving frames"):
        camera.read()
    assert capture.reads == 1
    assert PATIENCE < 10
