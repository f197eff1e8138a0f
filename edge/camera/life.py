"""One life of a camera: a thread that opens it, reads it and closes it, and nobody else does.

Any of these calls may block for ever in a driver, and releasing a device under a blocked read()
can crash the process. So whoever owns a life never touches the camera: it asks the thread to stop,
and walks away from one that does not. Should that thread come back after all, it closes the
camera behind it.
"""

from __future__ import annotations

from collections.abc import Callable

from edge.camera.base import Camera, Frame
from edge.camera.clockwork import REAL, Clockwork, Condition
from edge.errors import CameraError, ConfigError, EdgeError

# How long a clip's thread waits for its frame to be taken before it looks whether it should stop.
TURN = 0.5


class Life:
    """A thread with one slot for the camera's newest frame.

    A live camera buffers: whoever reads it slower than it delivers looks further and further into
    the past. So its thread reads at the camera's pace, and a frame that nobody took is overtaken
    by the next. Any other source waits until its frame has been taken.

    Args:
        open_camera: Called once, on the thread.
        news: Notified whenever anything below has changed; also guards it.
        clockwork: Time and threads.

    Attributes:
        camera: Once it is open.
        since: When the call that the thread is in began; None while it waits for nobody but us.
        dropped: Frames that were overtaken.
        error: Why it ended; None if the source has ended or it was told to stop.
        ended: The source says that there is nothing more.
        over: The thread has released the camera and ends.
    """

    def __init__(
        self, open_camera: Callable[[], Camera], news: Condition, clockwork: Clockwork = REAL
    ) -> None:
        self.camera: Camera | None = None
        self.since: float | None = clockwork.now()
        self.dropped = 0
        self.error: EdgeError | None = None
        self.ended = self.over = False
        self._open, self._news, self._clockwork = open_camera, news, clockwork
        self._frame: Frame | None = None
        self._stopping = False
        clockwork.start(self._run, "camera")

    def stop(self) -> None:
        """Ask the thread to close the camera and end; does not wait for it."""
        with self._news:
            self._stopping = True
            self._frame = None
            self._news.notify_all()

    def take(self) -> Frame | None:
        """The newest frame, once."""
        with self._news:
            frame, self._frame = self._frame, None
            if frame is not None:
                self._news.notify_all()
            return frame

    def wait(self, done: Callable[[], bool], timeout: float) -> bool:
        """Wait until `done()`; False if it is not after `timeout` seconds."""
        until = self._clockwork.now() + timeout
        with self._news:
            while not done() and (left := until - self._clockwork.now()) > 0:
                self._news.wait(left)
            return done()

    @property
    def waits(self) -> bool:
        """Whether there is a frame to take."""
        return self._frame is not None

    def _run(self) -> None:
        error: EdgeError | None = None
        camera: Camera | None = None
        try:
            camera = self._open()
            self._opened(camera)
            self._read(camera)
        except (CameraError, ConfigError) as caught:
            error = caught
        except Exception as caught:  # a driver's own exception must not end the thread in silence
            error = _wrapped(camera, caught)
        finally:
            self._close(camera, error)

    def _opened(self, camera: Camera) -> None:
        with self._news:
            self.camera, self.since = camera, None
            self._news.notify_all()

    def _read(self, camera: Camera) -> None:
        while self._next(camera.live):
            frame = camera.read()
            with self._news:
                self.since, self.ended = None, frame is None
                if frame is None or self._stopping:
                    return
                self.dropped += self._frame is not None
                self._frame = frame
                self._news.notify_all()

    def _next(self, live: bool) -> bool:
        """Whether to read on, once there is room for a frame."""
        with self._news:
            while not (live or self._frame is None or self._stopping):
                self._news.wait(TURN)
            self.since = self._clockwork.now()
            return not self._stopping

    def _close(self, camera: Camera | None, error: EdgeError | None) -> None:
        with self._news:
            self.since = self._clockwork.now()
        try:
            if camera is not None:
                camera.close()
        except Exception as caught:
            error = error or _wrapped(camera, caught)
        with self._news:
            self.error = None if self._stopping else error
            self.since, self.over = None, True
            self._news.notify_all()


def _wrapped(camera: Camera | None, error: Exception) -> CameraError:
    name = f"camera {camera.name}" if camera else "camera"
    return CameraError(f"{name}: {type(error).__name__}: {error}")
