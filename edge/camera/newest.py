"""A thread that empties a camera and keeps the newest frame only.

A live camera buffers: whoever reads it slower than it delivers looks further and further into the
past. This thread reads at the camera's pace, so what is looked at is never older than one frame.
"""

from __future__ import annotations

import threading

from edge.camera.base import Camera, Frame
from edge.errors import CameraError


class NewestFrame:
    """One slot for the newest frame of `camera`, filled by a thread of its own.

    Attributes:
        dropped: Frames that were overtaken by a newer one before anyone looked.
    """

    def __init__(self, camera: Camera) -> None:
        self.dropped = 0
        self._camera = camera
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._ended = False
        self._error: CameraError | None = None
        self._stopping = threading.Event()
        # A daemon: a driver may block in read() for ever, and must not keep the process alive.
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        error: CameraError | None = None
        try:
            while not self._stopping.is_set():
                frame = self._camera.read()
                if frame is None:
                    break
                with self._changed:
                    self.dropped += self._frame is not None
                    self._frame = frame
                    self._changed.notify()
        except CameraError as caught:
            error = caught
        except Exception as caught:  # a driver's own exception must not end the thread in silence
            error = CameraError(f"camera {self._camera.name}: {type(caught).__name__}: {caught}")
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify()

    def get(self, timeout: float) -> Frame | None:
        """Take the newest frame, waiting up to `timeout` seconds; None when the source has ended.

        Raises:
            CameraError: the camera failed.
            TimeoutError: no frame came in time.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._ended, timeout)
            if self._frame is not None:
                frame, self._frame = self._frame, None
                return frame
            if self._error is not None:
                raise self._error
            if self._ended:
                return None
        raise TimeoutError(f"camera {self._camera.name}: no frame for {timeout:g} s")

    def close(self, deadline: float = 0.5) -> bool:
        """Stop the thread and release the camera; False if the driver did not let go in time."""
        self._stopping.set()
        self._thread.join(deadline)
        if self._thread.is_alive():
            return False  # releasing a device under a blocked read() can crash the process
        self._camera.close()
        return True
