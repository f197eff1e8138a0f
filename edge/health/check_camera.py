"""The doctor on the camera: is it there, may it be opened, does it show anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge.bounded import within
from edge.camera.base import Camera, Frame
from edge.camera.config import CameraConfig
from edge.camera.listing import Listed, list_picamera, list_v4l2
from edge.camera.mask import areas
from edge.camera.picture import Sampler, symptom
from edge.camera.refusal import why
from edge.camera.state import CameraState
from edge.errors import EdgeError
from edge.health.finding import Finding, failed, ok, refused, unknown, warning
from edge.message import without_password

SECONDS = 8.0  # for the first picture; a network camera that does not answer takes as long
SETTLE = 10  # frames after which a camera has found its exposure
LIST = "edge-run --list-cameras shows what is here"


def look_at_camera(config: CameraConfig, running: dict[str, Any] | None) -> Iterator[Finding]:
    """The camera of the configuration, and what others there are.

    Args:
        config: Which camera.
        running: What the service's health port answers, if it runs: it holds the camera then.
    """
    others = found()
    if running is not None:
        yield _by_service(running["camera"])
    else:
        yield _by_hand(config, others)
    if others:
        told = ", ".join(f"{each.source} ({each.name})" for each in others)
        yield ok("cameras here", told)


def found() -> list[Listed]:
    """Every camera of this machine; nothing is opened."""
    return [*list_v4l2(), *list_picamera()]


def _by_service(camera: dict[str, Any]) -> Finding:
    """What the service says of the camera that it holds."""
    state, says = str(camera.get("state", "")), str(camera.get("says", ""))
    told = f"{camera.get('name', '')}, which the service holds: {state}"
    known = {each.word: each for each in CameraState}.get(state)
    if known is None:
        return unknown("camera", told)
    if known.blind:
        return failed("camera", told, says or LIST)
    return ok("camera", told) if known is CameraState.OK else warning("camera", told, says)


def _by_hand(config: CameraConfig, others: list[Listed]) -> Finding:
    name = without_password(config.source)
    node = _node(config.source)
    if node is not None and not node.exists():
        choice = f", or set camera.source to {others[0].source}" if others else f"; {LIST}"
        return failed("camera", f"{node} does not exist", f"plug the camera in{choice}")
    closed = why(node) if node is not None else ""
    if "in use by" in closed and "edge-run" in closed:
        advice = "systemctl status edge-run says what it sees; set health.listen to see it here"
        return unknown("camera", f"{name}: edge-run holds it and has no health port", advice)
    if closed:
        what, _, advice = closed.rpartition("; ")
        return failed("camera", what, _as_user(advice))
    try:
        frame = within(SECONDS, "camera", lambda: _last_frame(config), late=_nothing)
    except TimeoutError:
        told = f"{name}: gives no picture within {SECONDS:g} s"
        return failed("camera", told, f"is it on, and its cable good? {LIST}")
    except (EdgeError, ValueError) as error:
        return refused("camera", str(error), LIST)
    return _judged(name, config, frame)


def _as_user(advice: str) -> str:
    """The service is in that group; whoever runs the doctor may not be."""
    return (
        f"{advice}: sudo usermod -aG video $USER, then log in again"
        if "group" in advice
        else advice
    )


def _judged(name: str, config: CameraConfig, frame: Frame | None) -> Finding:
    if frame is None:
        return failed("camera", f"{name}: gives no picture", LIST)
    height, width = frame.gray.shape
    sampler = Sampler((height, width), areas(config.mask))
    look = sampler.look(sampler.sample(frame.gray))
    state = symptom(look, config.black, config.covered, config.overexposed)
    light = "" if look is None else f", mean grey level {look.mean:.0f} of 255"
    told = f"{name}: {width}x{height}{light}"
    if state is CameraState.OK:
        return ok("camera", told)
    return warning("camera", f"{told}: {state.word}", state.sentence)


def _last_frame(config: CameraConfig) -> Frame | None:
    """A frame once the exposure has settled; the camera is released."""
    from edge.camera.open import open_camera

    camera: Camera = open_camera(config.source, config.width, config.height, config.fps)
    try:
        frame = None
        for _ in range(SETTLE):
            newer = camera.read()
            if newer is None:
                break
            frame = newer
        return frame
    finally:
        camera.close()


def _nothing(_frame: Frame | None) -> None:
    """What comes too late has been released by then."""


def _node(source: str) -> Path | None:
    """The device file of a V4L2 camera."""
    if source.isdigit():
        return Path(f"/dev/video{source}")
    return Path(source) if source.startswith("/dev/") else None
