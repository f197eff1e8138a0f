"""Where frames come from, and from when on a camera counts as failing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge.camera.mask import areas, hides_all
from edge.errors import ConfigError


@dataclass(frozen=True)
class CameraConfig:
    """Where frames come from, and from when on a camera counts as failing.

    Attributes:
        source: The first USB camera is "0"; better its lasting name from /dev/v4l/by-id, which
            survives replugging and reboots. Or "picamera:0", "rtsp://USER:PASSWORD@HOST/PATH", a
            video file, the built-in visitor "demo:?loop=on"; or "credential:NAME" where the
            address is a secret.
        width: Pixels, asked of cameras that can be asked.
        height: Pixels, asked of cameras that can be asked.
        fps: Frames a second, asked of cameras that can be asked.
        timeout: Seconds without a frame after which the camera counts as lost.
        stuck: Seconds after which a driver that does not answer is abandoned; above 10, which
            is how long a driver waits for a camera that gives nothing.
        frozen: Seconds of the very same picture after which it counts as frozen; 0 never.
        faulty: Seconds for which a picture must be black, covered, burnt out or broken, or frames
            must be too few, to be called so.
        recovered: Seconds for which it must be good again to be called so.
        black: Grey level, 0 to 255, below which all but the brightest pixels of a black picture
            lie; 0 never.
        covered: Contrast, in grey levels, that no edge in the picture of a covered lens exceeds
            beyond its noise; 0 never.
        overexposed: Share of burnt-out pixels above which the picture counts as burnt out; 1 never.
        slow: Frames a second below which a camera counts as too slow; 0 never.
        mask: Parts of the picture that are blacked straight after capture, each "x,y,w,h" in
            shares of the frame: ["0,0,0.25,1"] is its left quarter. Put one over a clock that the
            camera writes into its picture, since it hides a frozen or covered picture.
    """

    source: str = "0"
    width: int = 640
    height: int = 480
    fps: float = 10.0
    timeout: float = 10.0
    stuck: float = 20.0
    frozen: float = 10.0
    faulty: float = 10.0
    recovered: float = 2.0
    black: float = 24.0
    covered: float = 8.0
    overexposed: float = 0.8
    slow: float = 3.0
    mask: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if hides_all(areas(self.mask)):
            raise ConfigError(
                f"camera.mask = {list(self.mask)}: hides the whole picture, so that nothing would "
                "ever be seen; leave some of it"
            )


BOUNDS: Mapping[str, tuple[float, float]] = {
    "width": (64, 8192),
    "height": (64, 8192),
    "fps": (0.1, 240),
    "timeout": (0.5, 3600),
    "stuck": (1, 3600),
    "frozen": (0, 3600),
    "faulty": (0.5, 3600),
    "recovered": (0.1, 600),
    "black": (0, 255),
    "covered": (0, 255),
    "overexposed": (0.01, 1),
    "slow": (0, 240),
}
