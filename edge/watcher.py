"""The thread that looks: frames from the keeper, through pipeline and rules, to the outbox."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from edge.alerts.rule import Event, Firing
from edge.camera.base import Frame
from edge.camera.state import CameraState
from edge.pipeline import Observation
from edge.recent import Recorder
from edge.vision.face import Box, Gray
from edge.watch import Watch

POLL = 0.25  # seconds without a frame after which it looks whether it should stop
BLIND = 30.0  # seconds; a visitor who was angry before that is not known to be there any more


class Frames(Protocol):
    """Where frames come from; see `edge.camera.keeper.Keeper`."""

    state: CameraState
    blind_since: float

    def get(self, timeout: float) -> Frame | None:
        """A frame that can be judged; None if there is none in time."""


# takes the picture that an alert was raised on, and every face in it
Seen = Callable[[Firing, Gray, Sequence[Box]], None]


class Watcher:
    """Looks at frames until told to stop.

    What the camera does not show is no data: while it is blind the rules are not asked, so
    nothing is raised and nothing calms down. After `BLIND` seconds an alert that is out is taken
    back, for the reason that nobody sees any more.

    Args:
        frames: The camera.
        watch: Pipeline and rules.
        tell: Takes each event; returns when it is kept.
        seen: Takes the picture of a raised alert.
        beat: Called at each turn.
        clock: Monotonic seconds, the same as the frames'.

    Attributes:
        recorder: Figures of the last seconds.
        error: What ended it, if not `stop`.
    """

    def __init__(
        self,
        frames: Frames,
        watch: Watch,
        tell: Callable[[Event], None],
        seen: Seen,
        beat: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._frames, self._watch = frames, watch
        self._tell, self._seen, self._beat, self._clock = tell, seen, beat, clock
        self._stop = threading.Event()
        self.recorder = Recorder()
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self, deadline: float) -> bool:
        """Stop looking and resolve what is firing; False if it did not end in time."""
        self._stop.set()
        self._thread.join(deadline)
        return not self._thread.is_alive()

    @property
    def running(self) -> bool:
        """Whether it still looks."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._beat()
                self.turn()
        except Exception as error:  # told to the supervisor, which ends the process
            self.error = error
        finally:
            self._tell_all(self._watch.close())

    def turn(self) -> None:
        """Wait for one frame and look at it."""
        frame = self._frames.get(POLL)
        if frame is None:
            self._unseen()
            return
        observation, events = self._watch.look(frame)
        self.recorder.add(self._clock(), observation)
        self._tell_all(events)
        for event in events:
            if isinstance(event, Firing):
                self._seen(event, frame.gray, _boxes(observation))

    def _unseen(self) -> None:
        if not self._frames.state.blind:
            return
        self.recorder.forget_visitors()
        if self._watch.firing and self._clock() - self._frames.blind_since >= BLIND:
            self._tell_all(self._watch.close("blind"))

    def _tell_all(self, events: Sequence[Event]) -> None:
        for event in events:
            self._tell(event)


def _boxes(observation: Observation) -> list[Box]:
    return [reading.box for reading in observation.readings]
