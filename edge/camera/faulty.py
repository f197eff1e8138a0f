"""Cameras that fail as real ones do: `demo:?fault=frozen&after=20&for=10`.

An installer plays one to see what the service says, `edge-run --service --camera 'demo:?fault=…'`;
the tests play all of them. A fault belongs to the camera, not to one opening of it: it begins
`after` seconds from the first opening in this process, and goes on through any reopening.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import inf
from urllib.parse import parse_qsl, urlencode

import numpy as np
from numpy.typing import NDArray

from edge.camera.base import Camera, Frame
from edge.camera.clockwork import REAL, Clockwork
from edge.camera.demo import DemoCamera
from edge.camera.state import CameraFault, CameraState
from edge.errors import CameraError, ConfigError

Gray = NDArray[np.uint8]

FAULTS: Mapping[str, str] = {
    "unplugged": "pulled out, and plugged in again",
    "frozen": "the same picture again and again",
    "black": "a cap on the lens",
    "covered": "a hand before the lens",
    "overexposed": "a lamp into the lens",
    "slow": "a frame every two seconds",
    "silent": "open, but no frames; the driver says so after ten seconds",
    "stuck": "the driver does not return",
    "broken": "frames without a picture in them",
}
SLOW = 2.0  # seconds a frame
SILENT = 10.0  # seconds after which V4L2 in OpenCV says that nothing came
CAP, HAND, LAMP = 4, 70, 230  # grey levels
NOISE = 2.5  # standard deviation, in grey levels
AFTER, FOR = 10.0, 30.0  # seconds


@dataclass(frozen=True)
class Fault:
    """What fails, from when on and for how long.

    Attributes:
        kind: One of `FAULTS`.
        after, lasts: Seconds; `inf` lasts for ever.
    """

    kind: str
    after: float = AFTER
    lasts: float = FOR

    def __post_init__(self) -> None:
        if self.kind not in FAULTS:
            known = ", ".join(FAULTS)
            raise ConfigError(f"demo: fault={self.kind}: no such fault; there are {known}")
        if not (0 <= self.after < inf and self.lasts > 0):
            raise ConfigError("demo: after= and for= are seconds; for=inf lasts for ever")


class FaultyCamera:
    """A camera that fails for a while.

    Args:
        camera: The healthy one; it must be live.
        fault: What fails.
        begun: When the camera was opened first, in the clockwork's seconds.
        clockwork: Time.

    Raises:
        CameraFault: it is unplugged right now.
    """

    live = True

    def __init__(
        self, camera: Camera, fault: Fault, begun: float, clockwork: Clockwork = REAL
    ) -> None:
        self.name = camera.name
        self._camera, self._fault, self._clockwork = camera, fault, clockwork
        self._from = begun + fault.after
        self._until = self._from + fault.lasts
        self._closed = clockwork.condition()
        self._index = 0
        self._held: Frame | None = None
        self._noise = np.random.default_rng(7)
        if fault.kind == "unplugged" and self._now_failing():
            camera.close()
            raise self._gone()

    def read(self) -> Frame | None:
        """Wait for the next frame, or fail; see `Camera.read`."""
        failing = self._now_failing() and getattr(self, f"_{self._fault.kind}", None)
        frame = failing() if failing else self._camera.read()
        if frame is None:
            return None
        self._held = frame
        numbered = replace(frame, index=self._index)
        self._index += 1
        if self._now_failing() and self._fault.kind in PICTURES:
            return replace(numbered, gray=PICTURES[self._fault.kind](frame.gray, self._noise))
        return numbered

    def close(self) -> None:
        """Release the healthy camera."""
        self._camera.close()

    def _now_failing(self) -> bool:
        return self._from <= self._clockwork.now() < self._until

    def _wait(self, seconds: float) -> None:
        """Nobody wakes it: a driver does not know that somebody waits for it."""
        until = self._clockwork.now() + min(seconds, self._until - self._clockwork.now())
        with self._closed:
            while (left := until - self._clockwork.now()) > 0:
                self._closed.wait(min(left, 3600.0))

    def _gone(self) -> CameraFault:
        return CameraFault(f"{self.name}: has been pulled out", CameraState.UNPLUGGED)

    def _unplugged(self) -> Frame | None:
        raise self._gone()

    def _frozen(self) -> Frame | None:
        held, frame = self._held, self._camera.read()
        return frame and replace(frame, gray=(held or frame).gray)

    def _slow(self) -> Frame | None:
        self._wait(SLOW)
        return self._camera.read()

    def _silent(self) -> Frame | None:
        self._wait(SILENT)
        raise CameraError(f"{self.name}: gave no frame for {SILENT:g} s")

    def _stuck(self) -> Frame | None:
        self._wait(inf)
        return self._camera.read()


def _even(level: float, gray: Gray, noise: np.random.Generator) -> Gray:
    return np.clip(noise.normal(level, NOISE, gray.shape), 0, 255).astype(np.uint8)


PICTURES: Mapping[str, Callable[[Gray, np.random.Generator], Gray]] = {
    "black": lambda gray, noise: _even(CAP, gray, noise),
    "covered": lambda gray, noise: _even(HAND, gray, noise),
    # what is brightest drowns first, and most of the rest with it
    "overexposed": lambda gray, noise: np.maximum(_even(LAMP + 40, gray, noise), gray),
    "broken": lambda gray, _noise: gray[:0],
}

_BEGUN: dict[str, float] = {}  # when each faulty demo was opened first: the device's own memory


def open_demo(
    scene: str, width: int, height: int, fps: float, clockwork: Clockwork = REAL
) -> Camera:
    """Open `demo:`, with a fault if its options name one.

    Raises:
        CameraFault: it is unplugged right now.
        ConfigError: there is no such scene, option or fault.
    """
    name, _, query = scene.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    if "fault" not in options:
        return DemoCamera(scene, width=width, height=height, fps=fps)
    fault = _fault(options)
    options.setdefault("loop", "on")  # else a play of 20 s ends before most faults are over
    camera = DemoCamera(f"{name}?{urlencode(options)}", width=width, height=height, fps=fps)
    if not camera.live:
        raise ConfigError(f"demo:{scene}: a fault needs time to pass; leave out pace=off")
    camera.name = f"demo:{scene}"
    return FaultyCamera(camera, fault, _BEGUN.setdefault(scene, clockwork.now()), clockwork)


def _fault(options: dict[str, str]) -> Fault:
    """Take the fault out of a demo's options."""
    kind = options.pop("fault")
    times = []
    for option, default in (("after", AFTER), ("for", FOR)):
        text = options.pop(option, str(default))
        try:
            times.append(float(text))
        except ValueError:
            raise ConfigError(f"demo: {option}={text}: must be a number of seconds") from None
    return Fault(kind, *times)
