"""A Raspberry Pi camera as picamera2 has it: opened, configured, read and let go of."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.camera.pi_library import find, load
from edge.errors import CameraError

BUFFERS = 3
STREAM, FORMAT = "main", "YUV420"


@dataclass(frozen=True)
class Wanted:
    """What is asked of the camera."""

    which: str
    width: int
    height: int
    fps: float


@dataclass(frozen=True)
class OpenCamera:
    """A camera that runs."""

    module: Any
    device: Any
    size: tuple[int, int]

    def take(self, seconds: float) -> NDArray[np.uint8]:
        """The next frame's grey plane, (h, w) uint8, copied out of the camera's memory.

        Raises:
            TimeoutError: there was none in time.
        """
        width, height = self.size
        with (
            self.device.captured_request(wait=seconds) as request,
            self.module.MappedArray(request, STREAM, write=False) as mapped,
        ):
            # rows are as long as the hardware likes them; what is past the width is padding
            plane: NDArray[np.uint8] = mapped.array[:height, :width].copy()
            return plane


def open_device(wanted: Wanted) -> OpenCamera:
    """Find the camera, open, configure and start it."""
    module = load()
    place = find(wanted.which, module.Picamera2.global_camera_info())
    try:
        device = _made(module.Picamera2, place)
        try:
            return OpenCamera(module, device, _started(device, wanted))
        except Exception:
            let_go(device)
            raise
    except CameraError:
        raise
    except Exception as error:
        raise CameraError(
            f"cannot be opened ({_root(error)}); is another program using it, or this user not in "
            "the group 'video'?"
        ) from error


def _made(kind: Any, place: int) -> Any:
    """A `Picamera2`; in two steps, since one whose constructor failed has a pipe to be closed."""
    device = kind.__new__(kind)
    try:
        device.__init__(place)
    except Exception:
        let_go(device)
        raise
    return device


def _started(device: Any, wanted: Wanted) -> tuple[int, int]:
    """Configure and start it; width and height of what it gives."""
    period = round(1e6 / wanted.fps)
    device.configure(
        device.create_video_configuration(
            main={"size": (wanted.width, wanted.height), "format": FORMAT},
            lores=None,
            raw=None,
            buffer_count=BUFFERS,
            controls={"FrameDurationLimits": (period, period)},
            display=None,
            encode=None,
            queue=False,  # a frame that has waited is an old one, and keeps a buffer
            sensor={"output_size": _sensor_size(device.sensor_resolution, wanted)},
        )
    )
    stream = device.camera_configuration()[STREAM]
    if stream["format"] != FORMAT:  # libcamera lists USB cameras, too
        raise CameraError(
            f"gives {stream['format']}, not {FORMAT}; a USB camera is --camera 0 or its path"
        )
    device.start()
    width, height = stream["size"]
    return width, height


def _sensor_size(whole: tuple[int, int], wanted: Wanted) -> tuple[int, int]:
    """What the sensor is to read out: all it sees, by two pixels in one where that suffices.

    Left to itself, libcamera takes the mode closest to the wanted size, and the smallest modes of
    some sensors show only the middle of the picture.
    """
    half = whole[0] // 2, whole[1] // 2
    return half if half[0] >= wanted.width and half[1] >= wanted.height else whole


def let_go(device: Any) -> None:
    """Stop and close it as far as it goes, and close the pipe that a failed `close` leaves."""
    with suppress(Exception):
        device.close()
    pipe = getattr(device, "notifymeread", None)
    if pipe is not None and not pipe.closed:
        pipe.close()
        os.close(device.notifyme_w)


def _root(error: BaseException) -> BaseException:
    """What it all began with: picamera2 wraps libcamera's reason twice."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error
