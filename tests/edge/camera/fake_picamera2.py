"""A stand-in for picamera2 0.3.36 that keeps its promises, and breaks where it breaks.

Names, defaults, the order of what must be called, and who holds which buffer are those of the
original's source. What is asked of it that the original would refuse raises what that raises.

Example:
    pi = Pi()
    sys.modules["picamera2"] = pi.module
    pi.script = [SILENCE]   # the next frame does not come
"""

# ruff: noqa: ARG002, B006 - the original's signatures

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

SILENCE, BAD, LATE = "no frame comes in time", "a damaged frame", "it comes after the time-out"
PADDING, GONE = 0xEE, 0xDD  # past the width; in a buffer that was given back
PI_CAMERA = {
    "Model": "imx708",
    "Location": 2,
    "Rotation": 180,
    "Id": "/base/soc/i2c0mux/i2c@1/imx708@1a",
    "Num": 0,
}
USB_CAMERA = {
    "Model": "HD Webcam",
    "Location": 1,
    "Id": "/base/soc/usb@7e980000/1.2-046d",
    "Num": 1,
}


@dataclass
class Pi:
    """A board with its cameras, and what is wrong with it.

    Attributes:
        cameras: As `global_camera_info` lists them.
        script: What becomes of the next frames: `SILENCE`, `BAD`, `LATE` or a picture; once it is
            empty, good pictures without end.
        given: The pictures that were handed out.
        busy, no_configuration, no_start: Texts of the error that this step raises; "" for none.
        hangs, opening_hangs: Events that `stop`, or opening, waits for.
        held: Requests that are out now; `most_held`, the most at any time.
        waits: Seconds that each frame was waited for.
        calls: Names of what was called, in order.
        devices: Every `Picamera2` that was made.
        owner: Which of them has the camera.
    """

    cameras: list[dict[str, Any]] = field(default_factory=lambda: [dict(PI_CAMERA)])
    script: list[Any] = field(default_factory=list)
    given: list[NDArray[np.uint8]] = field(default_factory=list)
    busy: str = ""
    no_configuration: str = ""
    no_start: str = ""
    hangs: threading.Event | None = None
    opening_hangs: threading.Event | None = None
    held: int = 0
    most_held: int = 0
    waits: list[float] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    devices: list[Any] = field(default_factory=list)
    owner: Any = None

    @property
    def module(self) -> ModuleType:
        """What `import picamera2` is to give."""
        board = self

        class Bound(Picamera2):
            pi = board

        made = ModuleType("picamera2")
        made.__spec__ = ModuleSpec("picamera2", None)
        vars(made).update(Picamera2=Bound, MappedArray=MappedArray)
        return made


class Picamera2:
    """One opened camera."""

    pi: Pi

    @classmethod
    def global_camera_info(cls) -> list[dict[str, Any]]:
        cls.pi.calls.append("global_camera_info")
        return [dict(camera) for camera in cls.pi.cameras]

    def __init__(
        self,
        camera_num: int = 0,
        verbose_console: object = None,
        tuning: object = None,
        allocator: object = None,
    ) -> None:
        self.pi.calls.append("open")
        reader, self.notifyme_w = os.pipe2(os.O_NONBLOCK)
        self.notifymeread = os.fdopen(reader, "rb")
        self.is_open = self.started = False
        self.camera_config: dict[str, Any] = {}
        self.jobs: list[str] = []
        self.pi.devices.append(self)
        self.info = self.global_camera_info()[camera_num]  # an IndexError where there is none
        if self.pi.opening_hangs is not None:
            assert self.pi.opening_hangs.wait(60)
        try:
            if self.pi.busy or self.pi.owner is not None:
                raise RuntimeError(
                    self.pi.busy or "Failed to acquire camera: Device or resource busy"
                )
        except RuntimeError as error:
            raise RuntimeError("Camera __init__ sequence did not complete.") from error
        self.pi.owner, self.is_open = self, True
        self.sensor_resolution = (4608, 2592)

    @property
    def sensor_modes(self) -> None:
        raise AssertionError("reconfigures the camera for each mode; never on a Zero 2 W")

    def create_video_configuration(
        self,
        main: dict[str, Any] = {},
        lores: dict[str, Any] | None = None,
        raw: dict[str, Any] | None = {},
        transform: object = None,
        colour_space: object = None,
        buffer_count: int = 6,
        controls: dict[str, Any] = {},
        display: str | None = "main",
        encode: str | None = "main",
        queue: bool = True,
        sensor: dict[str, Any] | None = {},
        use_case: str = "video",
    ) -> dict[str, Any]:
        for key in main:
            if key not in ("format", "size", "stride", "preserve_ar"):
                raise ValueError(f"Bad key {key!r}")
        stream = {"format": "XBGR8888", "size": (1280, 720), "preserve_ar": True} | main
        width, height = stream["size"]
        stream["size"] = (width - width % 2, height - height % 2)
        return {
            "use_case": use_case,
            "buffer_count": buffer_count,
            "queue": queue,
            "main": stream,
            "lores": lores,
            "raw": raw,
            "controls": controls,
            "display": display,
            "encode": encode,
            "sensor": sensor,
        }

    def configure(self, camera_config: dict[str, Any]) -> None:
        self.pi.calls.append("configure")
        if self.started:
            raise RuntimeError("Camera must be stopped before configuring")
        if self.pi.no_configuration:
            raise RuntimeError(self.pi.no_configuration)
        config = {
            key: value.copy() if isinstance(value, dict) else value
            for key, value in camera_config.items()
        }
        if config["sensor"] is not None and set(config["sensor"]) - {"bit_depth", "output_size"}:
            raise RuntimeError("Unexpected keys in sensor configuration")
        main = config["main"]
        if "/usb" in self.info["Id"]:
            main["format"] = "MJPEG"  # what cannot be is adjusted without a word
        width, height = main["size"]
        main["stride"] = -(-width // 128) * 128
        self._free = [
            np.full(main["stride"] * height * 3 // 2, GONE, np.uint8)
            for _ in range(config["buffer_count"])
        ]
        self.camera_config = config

    def camera_configuration(self) -> dict[str, Any]:
        return self.camera_config

    def start(self, config: object = None, show_preview: bool | None = False) -> None:
        self.pi.calls.append("start")
        if not self.camera_config:
            raise RuntimeError("Camera has not been configured")
        if self.pi.no_start:
            raise RuntimeError(self.pi.no_start)
        self.started = True

    @contextmanager
    def captured_request(
        self, wait: float | None = None, flush: object = None
    ) -> Iterator[Request]:
        assert wait is not None, "would wait for ever"
        request = self._capture(wait)
        try:
            yield request
        finally:
            request.release()

    def _capture(self, wait: float) -> Request:
        self.pi.waits.append(wait)
        if not self.started:
            raise TimeoutError  # nothing ever completes
        while isinstance(becomes := self._next(), str) and becomes == BAD:
            pass
        if isinstance(becomes, str) or not self._free:
            self.jobs.append("capture")  # it goes on waiting for its frame
            if becomes == LATE:
                self._complete_jobs()
            raise TimeoutError
        self._complete_jobs()
        return Request(self, becomes)

    def _next(self) -> str | NDArray[np.uint8]:
        """What becomes of the next frame."""
        return self.pi.script.pop(0) if self.pi.script else self._picture()

    def _complete_jobs(self) -> None:
        """A job that nobody waits for any more takes its frame, and keeps it."""
        while self.jobs and self._free:
            self.jobs.pop()
            self._free.pop()

    def _picture(self) -> NDArray[np.uint8]:
        width, height = self.camera_config["main"]["size"]
        count = len(self.pi.given)
        rows = np.arange(height, dtype=np.uint16)[:, None] * 3
        picture = (rows + np.arange(width, dtype=np.uint16) * 5 + 17 * count) % 200
        return picture.astype(np.uint8)

    def cancel_all_and_flush(self) -> None:
        self.pi.calls.append("cancel_all_and_flush")
        self.jobs.clear()

    def stop(self) -> None:
        self.pi.calls.append("stop")
        if self.started and self.pi.hangs is not None:
            assert self.pi.hangs.wait(60)
        self.started = False

    def close(self) -> None:
        self.pi.calls.append("close")
        if not self.is_open:
            return
        self.stop()
        self.pi.owner, self.is_open = None, False
        self.notifymeread.close()
        os.close(self.notifyme_w)


class Request:
    """A buffer that holds a frame, until it is released."""

    def __init__(self, device: Picamera2, picture: NDArray[np.uint8]) -> None:
        self.device, self.config = device, device.camera_config
        self.buffer = device._free.pop()
        self._released = False
        stride = self.config["main"]["stride"]
        height, width = picture.shape
        rows = self.buffer.reshape(-1, stride)
        rows[:] = PADDING
        rows[:height, :width] = picture
        pi = device.pi
        pi.given.append(picture.copy())
        pi.held += 1
        pi.most_held = max(pi.most_held, pi.held)

    def release(self) -> None:
        assert not self._released, "released twice"
        self._released = True
        self.buffer[:] = GONE  # the camera writes its next frame there
        self.device._free.append(self.buffer)
        self.device.pi.held -= 1


class MappedArray:
    """A request's memory as an array that is not a copy."""

    def __init__(
        self, request: Request, stream: str, reshape: bool = True, write: bool = True
    ) -> None:
        assert not write, "cleans the caches for nothing"
        self._request, self._stream = request, stream
        self.array: NDArray[np.uint8] | None = None

    def __enter__(self) -> MappedArray:
        stride = self._request.config[self._stream]["stride"]
        self.array = self._request.buffer.reshape(-1, stride)
        return self

    def __exit__(self, *_error: object) -> None:
        self.array = None
