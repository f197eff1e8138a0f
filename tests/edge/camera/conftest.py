"""Clips to read."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import cv2
import pytest

from edge.camera.demo import DemoCamera
from edge.camera.picamera import PicameraCamera

FRAMES = 30
FPS = 10.0


@pytest.fixture(scope="session")
def frames():
    """Three seconds of the angry visitor, by then in full view."""
    play = DemoCamera("angry?pace=off", width=320, height=240, fps=FPS)
    return [play.read().gray for _ in range(20 + FRAMES)][20:]


@pytest.fixture(scope="session", params=["MJPG.avi", "mp4v.mp4"])
def clip(request, frames, tmp_path_factory) -> Path:
    """The frames as a video file."""
    codec, ending = request.param.split(".")
    path = tmp_path_factory.mktemp("clips") / f"visitor one.{ending}"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), FPS, (320, 240))
    assert writer.isOpened()
    for gray in frames:
        writer.write(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


@pytest.fixture(scope="session")
def fake_picamera2() -> ModuleType:
    """`tests/edge/camera/fake_picamera2.py`."""
    name = "fake_picamera2"
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def pi(fake_picamera2, monkeypatch):
    """A board with one camera, and a picamera2 to reach it with."""
    board = fake_picamera2.Pi()
    monkeypatch.setitem(sys.modules, "picamera2", board.module)
    monkeypatch.setattr(PicameraCamera, "openings", 0)
    yield board
    for device in board.devices:  # what a test left open
        if device.is_open:
            board.hangs = None
            device.close()
