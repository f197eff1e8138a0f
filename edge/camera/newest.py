"""The newest frame of a live camera that is open already, for whoever watches it just once."""

from __future__ import annotations

from edge.camera.base import Camera, Frame
from edge.camera.clockwork import REAL
from edge.camera.life import Life


class NewestFrame:
    """One slot for the newest frame of `camera`, filled by a thread of its own; see `Life`.

    Attributes:
        dropped: Frames that were overtaken by a newer one before anyone looked.
    """

    def __init__(self, camera: Camera) -> None:
        self._name = camera.name
        self._life = Life(lambda: camera, REAL.condition())

    @property
    def dropped(self) -> int:
        """Frames that were overtaken by a newer one before anyone looked."""
        return self._life.dropped

    def get(self, timeout: float) -> Frame | None:
        """Take the newest frame, waiting up to `timeout` seconds; None when the source has ended.

        Raises:
            CameraError: the camera failed.
            TimeoutError: no frame came in time.
        """
        life = self._life
        life.wait(lambda: life.waits or life.over, timeout)
        frame = life.take()
        if frame is not None:
            return frame
        if life.error is not None:
            raise life.error
        if life.over:
            return None
        raise TimeoutError(f"camera {self._name}: no frame for {timeout:g} s")

    def close(self, deadline: float = 0.5) -> bool:
        """Stop the thread, which releases the camera; False if the driver does not let go."""
        self._life.stop()
        return self._life.wait(lambda: self._life.over, deadline)
