"""One string names any source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge.camera.base import Camera
from edge.camera.mask import masked
from edge.errors import CameraError, ConfigError


def open_camera(
    source: str,
    width: int = 640,
    height: int = 480,
    fps: float = 10.0,
    mask: Sequence[str] = (),
) -> Camera:
    """Open a source by its name; back-ends are imported only when they are asked for.

    Args:
        source: `0` (a V4L2 index), `/dev/video0`, `/dev/v4l/by-id/...`, `picamera:0`,
            `rtsp://...`, a video file, or `demo:` (see `edge.camera.demo`, and for cameras that
            fail `edge.camera.faulty`).
        width, height: Wanted of cameras that can be asked, in pixels.
        fps: Wanted frames a second.
        mask: Parts of each frame to black before anybody looks; see `edge.camera.mask`.

    Raises:
        CameraError: nothing answers under that name.
        ConfigError: the name is not one of the forms above, or a part cannot be read.
    """
    return masked(_open(source, width, height, fps), mask)


def _open(source: str, width: int, height: int, fps: float) -> Camera:
    scheme, colon, rest = source.partition(":")
    if not source:
        raise ConfigError("camera.source is empty; give an index such as 0, a path or an address")
    if scheme == "demo" and colon:
        from edge.camera.faulty import open_demo

        return open_demo(rest, width, height, fps)
    if scheme == "picamera" and colon:
        from edge.camera.picamera import PicameraCamera

        return PicameraCamera(rest, width=width, height=height, fps=fps)
    if source.isdigit() or source.startswith("/dev/"):
        from edge.camera.v4l2 import V4l2Camera

        return V4l2Camera(source, width=width, height=height, fps=fps)
    if "://" in source:
        from edge.camera.network import NetworkCamera

        return NetworkCamera(source)
    if Path(source).is_file():
        from edge.camera.clip import ClipCamera

        return ClipCamera(Path(source))
    raise CameraError(
        f"{source}: no such camera or file; --list-cameras shows what is here, "
        "and rtsp:// addresses, video files and demo: work too"
    )
