"""Clips to read."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from edge.camera.demo import DemoCamera

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
