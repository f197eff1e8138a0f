"""Raspberry Pi cameras through picamera2: the luminance as the camera's own processor gives it.

One stream of low resolution in YUV420 is asked for, whose first plane is the grey picture; no
colour is ever converted. Bad frames are dropped by picamera2 without a word, and a cable knock
stops them all the same way: a fault shows as a time-out only. Then everything is let go and opened
again, each step with a deadline, since `stop` is known to hang.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge.bounded import within
from edge.camera.base import Frame
from edge.camera.pi_device import OpenCamera, Wanted, let_go, open_device
from edge.camera.state import CameraFault, CameraState
from edge.errors import CameraError

# Together less than `camera.timeout`, so that the camera mends itself before others give it up.
WAIT = 2.0  # seconds without a frame (or three frames' time) that count as a fault
STOP = 2.0  # seconds the driver has to let go
OPEN = 5.0  # seconds the camera has to open and start; a Zero 2 W takes two
REOPENS = 3  # times a camera that stopped is opened again
OPENINGS = 20  # in one process; each leaves some of the kernel's memory for cameras behind


class PicameraCamera:
    """A camera on a Raspberry Pi's own connector.

    Args:
        which: Its number, its Id or its model (`imx708`); empty for the first.
        width, height: Of the frames, in pixels; rounded down to even numbers.
        fps: Frames a second.

    Raises:
        CameraError: there is no such camera, another program has it, or picamera2 is not usable;
            a `CameraFault` of `CameraState.STUCK` where only a new process helps.

    Attributes:
        openings: Times that a camera was opened in this process.
    """

    live = True
    openings: ClassVar[int] = 0

    def __init__(
        self, which: str = "", width: int = 640, height: int = 480, fps: float = 10.0
    ) -> None:
        self.name = f"picamera:{which}"
        self._wanted = Wanted(which, width, height, fps)
        self._index = self._reopened = 0
        self._open: OpenCamera | None = self._opened()

    def read(self) -> Frame | None:
        """Wait for the next frame; see `Camera.read`."""
        try:
            gray = self._take()
        except TimeoutError:
            self._reopen()
            try:
                gray = self._take()
            except TimeoutError as error:
                raise self._fault(
                    "gives no frames, opened anew either; is its cable loose?"
                ) from error
        # Taken as it comes out, some 50 ms after its exposure: the sensor's own stamp would cost
        # a conversion of all metadata, and rules count seconds.
        frame = Frame(gray, time.monotonic(), self._index)
        self._index += 1
        return frame

    def close(self) -> None:
        """Release the camera, for as long as the driver may take; what hangs is left behind."""
        opened, self._open = self._open, None
        if opened is not None:
            with suppress(TimeoutError):
                _within_stop("close picamera", opened.device, let_go)

    def _take(self) -> NDArray[np.uint8]:
        if self._open is None:
            raise self._fault("is closed")
        try:
            return self._open.take(max(WAIT, 3 / self._wanted.fps))
        except TimeoutError:
            raise
        except Exception as error:  # libcamera's own, or a job that was cancelled
            raise self._fault(f"stopped giving frames ({type(error).__name__}: {error})") from error

    def _reopen(self) -> None:
        """Let the camera go, whatever it was doing, and open it again.

        Raises:
            CameraError: it does not let go, cannot be opened, or has been opened too often.
        """
        opened, self._open = self._open, None
        if opened is not None:
            try:
                _within_stop("stop picamera", opened.device, _abandon)
            except TimeoutError as error:
                raise self._fault(
                    "its driver does not let go; it takes a new process, or power off and on",
                    CameraState.STUCK,
                ) from error
        if self._reopened == REOPENS:
            raise self._fault(f"has stopped {REOPENS + 1} times; is its cable loose?")
        self._reopened += 1
        self._open = self._opened()

    def _opened(self) -> OpenCamera:
        if _hanging:
            raise self._fault(
                "its driver has not let go of it yet; it takes a new process", CameraState.STUCK
            )
        if self.openings >= OPENINGS:
            raise self._fault(
                f"was opened {OPENINGS} times; it takes a new process", CameraState.STUCK
            )
        try:
            opened = within(
                OPEN,
                "open picamera",
                lambda: open_device(self._wanted),
                late=lambda opened: let_go(opened.device),
            )
        except CameraError as error:
            state = getattr(error, "state", CameraState.REFUSED)
            raise self._fault(str(error), state) from error
        except TimeoutError as error:
            told = f"has not opened in {OPEN:g} s; is its cable loose?"
            raise self._fault(told, CameraState.STUCK) from error
        PicameraCamera.openings += 1
        return opened

    def _fault(self, told: str, state: CameraState = CameraState.SILENT) -> CameraFault:
        return CameraFault(f"{self.name}: {told}", state)


# cameras that were let go and have not come back; another one would only find its device in use
_hanging: list[Any] = []


def _within_stop(name: str, device: Any, work: Callable[[Any], None]) -> None:
    """Let go of a camera for `STOP` seconds.

    Raises:
        TimeoutError: its driver hangs.
    """
    _hanging.append(device)
    within(STOP, name, lambda: work(device), late=lambda _none: _hanging.remove(device))
    _hanging.remove(device)


def _abandon(device: Any) -> None:
    """Let go of a camera that owes a frame."""
    # or else the frame that comes after all would be nobody's, and its request never released
    with suppress(Exception):
        device.cancel_all_and_flush()
    let_go(device)
