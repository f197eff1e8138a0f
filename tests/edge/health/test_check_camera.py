"""What the doctor thinks of the camera."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from edge.camera.base import Frame
from edge.camera.config import CameraConfig
from edge.camera.listing import Listed
from edge.camera.state import CameraState
from edge.health import check_camera
from edge.health.check_camera import look_at_camera


def first(config: CameraConfig, running=None):
    return next(iter(look_at_camera(config, running)))


def test_a_camera_that_shows_something():
    found = first(CameraConfig(source="demo:?pace=off"))
    assert found.verdict == "ok"
    assert "640x480, mean grey level" in found.told


@pytest.mark.parametrize(
    ("level", "state"),
    [(0, CameraState.BLACK), (120, CameraState.COVERED), (255, CameraState.OVEREXPOSED)],
)
def test_a_camera_that_shows_nothing_is_told_as_the_service_would(monkeypatch, level, state):
    gray = np.full((480, 640), level, np.uint8)

    class Even:
        """A camera before which something stands."""

        name, live = "even", True
        closed = False

        def read(self) -> Frame:
            return Frame(gray, 0.0, 0)

        def close(self) -> None:
            Even.closed = True

    monkeypatch.setattr("edge.camera.open.open_camera", lambda *_, **__: Even())
    found = first(CameraConfig(source="demo:"))
    assert (found.verdict, found.advice) == ("warning", state.sentence)
    assert state.word in found.told
    assert Even.closed


def test_a_camera_that_is_not_there_and_one_that_is(monkeypatch):
    monkeypatch.setattr(check_camera, "found", lambda: [Listed("7", "Webcam", "")])
    missing, others = look_at_camera(CameraConfig(source="99"), None)
    assert (missing.verdict, missing.told) == ("failed", "/dev/video99 does not exist")
    assert "set camera.source to 7" in missing.advice
    assert others.told == "7 (Webcam)"


@pytest.mark.parametrize(
    ("reason", "verdict", "advice"),
    [
        ("x: may not; add the user to the group 'video'", "failed", "sudo usermod -aG video"),
        ("x: is in use by cheese (process 7); end that program", "failed", "end that program"),
        ("x: is in use by edge-run (process 7); end that program", "unknown", "systemctl status"),
    ],
)
def test_one_that_cannot_be_opened_now(monkeypatch, tmp_path, reason, verdict, advice):
    node = tmp_path / "video0"
    node.touch()
    monkeypatch.setattr(check_camera, "_node", lambda _: node)
    monkeypatch.setattr(check_camera, "why", lambda _: reason)
    found = first(CameraConfig(source="0"))
    assert found.verdict == verdict
    assert advice in found.advice


def test_one_that_never_answers(monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(check_camera, "SECONDS", 0.05)
    monkeypatch.setattr("edge.camera.open.open_camera", lambda *_, **__: gate.wait(20))
    try:
        found = first(CameraConfig(source="demo:"))
    finally:
        gate.set()
    assert found.verdict == "failed"
    assert "gives no picture within 0.05 s" in found.told
    assert found.advice


@pytest.mark.parametrize("source", ["", "none.mp4", "demo:none", "picamera:0"])
def test_what_cannot_be_opened_is_told_with_what_to_do(source):
    found = first(CameraConfig(source=source))
    assert found.verdict == "failed"
    assert found.advice


def test_a_password_in_its_address_is_not_told():
    found = first(CameraConfig(source="rtsp://u:secret@127.0.0.1:1/x"))
    assert found.verdict == "failed"
    assert "secret" not in found.told + found.advice


@pytest.mark.parametrize(
    ("state", "verdict"),
    [("ok", "ok"), ("slow", "warning"), ("frozen", "failed"), ("unplugged", "failed")],
)
def test_a_camera_that_the_service_holds_is_not_opened(monkeypatch, state, verdict):
    monkeypatch.setattr(check_camera, "_by_hand", lambda *_: pytest.fail("it was opened"))
    running = {"camera": {"name": "0", "state": state, "says": "what it says"}}
    found = first(CameraConfig(source="0"), running)
    assert found.verdict == verdict
    assert state in found.told
    assert found.advice == ("" if state == "ok" else "what it says")


def test_garbage_of_whoever_answers_is_unknown():
    assert first(CameraConfig(), {"camera": {"state": [], "says": 7}}).verdict == "unknown"
