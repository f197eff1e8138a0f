"""From the camera to the folder: frame after frame, until there are enough."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from edge.camera.base import Camera, Frame
from edge.camera.newest import NewestFrame
from edge.errors import CameraError, DataError
from edge.vision.detect import Detector
from edge.vision.face import Box, Gray
from train.collect.files import Folder
from train.collect.session import Session, Shot
from train.collect.views import State, View, Wish

PATIENCE = 10.0  # seconds without a frame after which a live camera counts as gone
IDLE = 0.05  # seconds between two looks at what is wished for, while a clip waits


def collect(
    camera: Camera, detector: Detector, session: Session, folder: Folder, view: View, delay: float
) -> str:
    """Take faces until the session is complete, the source ends or somebody ends it.

    Args:
        delay: Seconds from each start in which a live camera is only shown, so that whoever
            pressed the key can get into place.

    Returns:
        Why there are fewer faces than wanted: what ran out; '' where nothing did, since they are
        all there or somebody ended it.

    Raises:
        CameraError: the camera failed.
        OutputError: a face could not be written.
    """
    taker = _Taker(detector, session, folder, view, delay if camera.live else 0.0)
    with _frames(camera) as read:
        while not session.complete:
            if taker.end_wished():
                return ""
            if taker.started and not (session.running or camera.live):
                time.sleep(IDLE)
                continue
            frame = read()
            if frame is None:
                return f"{camera.name} has ended"
            taker.take(frame)
    return ""


def shortfall(why: str, session: Session, folder: Folder) -> DataError:
    """The error for a source that ended before there were enough faces."""
    reason = session.main_refusal() or "no shot was refused"
    return DataError(
        f"{why} with {session.kept} of {session.count} faces kept in {folder.path}; {reason}"
    )


def faces_in(gray: Gray, detector: Detector) -> list[Box]:
    """Every face of a frame, the largest first and with the box that the device would read.

    The device follows a face with the finer search around its last place, so that is where the
    crop comes from here, too.
    """
    found = detector.full(gray)
    if not found:
        return []
    return [detector.near(gray, found[0]) or found[0], *found[1:]]


class _Taker:
    """What is done with each frame and each wish."""

    def __init__(
        self, detector: Detector, session: Session, folder: Folder, view: View, delay: float
    ) -> None:
        self._detector, self._session, self._folder = detector, session, folder
        self._view, self._delay = view, delay
        self._first = 0.0
        self._was_running = False
        self._shown: tuple[Frame, Shot] | None = None

    @property
    def started(self) -> bool:
        """Whether there was a frame yet."""
        return self._shown is not None

    def take(self, frame: Frame) -> None:
        """Look at a frame, store its face if it is kept, show it."""
        session = self._session
        if self._shown is None:
            self._first = frame.timestamp
        if session.running and not self._was_running:
            session.starts = frame.timestamp + self._delay
        self._was_running = session.running
        shot = session.look(frame.gray, faces_in(frame.gray, self._detector), frame.timestamp)
        if shot.face is not None:
            self._folder.store(shot.face, frame.timestamp - self._first)
        self._shown = frame, shot
        self._show(frame, shot)

    def end_wished(self) -> bool:
        """Do what is wished for; True if that is the end."""
        wishes = self._view.wishes()
        for wish in wishes:
            if wish is Wish.UNDO and self._folder.undo() is not None:
                self._session.undo()
            elif wish in {Wish.START, Wish.STOP}:
                self._session.running = wish is Wish.START
        if wishes and self._shown is not None:
            frame, shot = self._shown
            self._show(frame, shot._replace(face=None))
        return Wish.END in wishes

    def _show(self, frame: Frame, shot: Shot) -> None:
        session = self._session
        waiting = session.starts - frame.timestamp
        note = f"starts in {waiting:.0f} s" if waiting > 0 else session.why or ""
        kept = shot.face is not None
        state = State(self._folder.label, session.kept, session.count, session.running, note, kept)
        self._view.show(frame.gray, shot.box, shot.face, state)


@contextmanager
def _frames(camera: Camera) -> Iterator[Callable[[], Frame | None]]:
    """How to get the next frame: a live camera's newest, every one of a clip."""
    if not camera.live:
        with closing(camera):
            yield camera.read
        return
    newest = NewestFrame(camera)

    def read() -> Frame | None:
        try:
            return newest.get(PATIENCE)
        except TimeoutError as error:
            raise CameraError(f"{error}; is it still plugged in?") from error

    try:
        yield read
    finally:
        newest.close()
