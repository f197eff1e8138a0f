"""Keeps a camera: opens it, reads it, judges what it gives, and opens it again when it is lost."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable

from edge.camera.base import Camera, Frame
from edge.camera.changes import Changes
from edge.camera.clockwork import REAL, Clockwork
from edge.camera.config import CameraConfig
from edge.camera.device import Device
from edge.camera.judge import Judge, is_picture
from edge.camera.life import Life
from edge.camera.open import open_camera
from edge.camera.reconnect import Phase, Reconnect, Seen, Step
from edge.camera.state import CameraFault, CameraState
from edge.errors import CameraError, ConfigError
from edge.message import one_line

log = logging.getLogger(__name__)

LOOK = 1.0  # seconds between two looks whether the device is still there
MENDED = (CameraState.FROZEN, CameraState.BROKEN)  # perhaps, by opening it anew


class Keeper:
    """Frames of one camera for as long as it takes.

    All its methods are called from one thread; threads of its own open, read and close the
    camera. The attributes may be read from any thread.

    Args:
        open_camera: Opens the camera; called again whenever it was lost.
        config: Limits.
        present: Whether the device is there; None if that cannot be known.
        give_up: Abandoned threads in a row after which only a new process helps.
        clockwork: Time and threads.
        chance: Uniform in [0, 1), for the jitter.

    Attributes:
        state: What can be said of the camera now.
        since: When that began, in the clockwork's seconds.
        blind_since: When it last stopped seeing, whatever it has been since; of meaning only in a
            state that is blind.
        detail: More on it, '' if there is none.
        name: Of the camera, without a password.
        dropped: Frames that were overtaken by a newer one before anyone looked.
        reconnects: Times that it was opened again.
        abandoned: Threads that did not come back from the driver and were left behind.
        live: Whether it goes on by itself; False for a clip.
    """

    def __init__(
        self,
        open_camera: Callable[[], Camera],
        config: CameraConfig,
        present: Callable[[], bool | None] = lambda: None,
        give_up: int = 3,
        clockwork: Clockwork = REAL,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._open, self._config, self._present = open_camera, config, present
        self._clockwork, self._chance = clockwork, chance
        self._news = clockwork.condition()
        self._reconnect = Reconnect(config.stuck, give_up)
        self._judge = Judge(config)
        self._life: Life | None = None
        self._left_behind: list[Life] = []
        self._closed = False
        self.state, self.since, self.detail = CameraState.OPENING, clockwork.now(), ""
        self.blind_since = self.since
        self.name = one_line(config.source)
        self.reconnects = self.abandoned = self._dropped = self._openings = 0
        self.live = True
        self._changes = Changes(self.state, self.since)
        self._looked = float("-inf")
        self._there: bool | None = None
        self._last = self.since  # when the camera was opened or gave its last frame
        self._opened_at: float | None = None

    @property
    def dropped(self) -> int:
        """Frames that were overtaken by a newer one before anyone looked."""
        life = self._life
        return self._dropped + (life.dropped if life else 0)

    def get(self, timeout: float) -> Frame | None:
        """A frame fit to be judged; None if there is none within `timeout` seconds.

        Raises:
            CameraError: the driver hung again and again; only a new process helps.
            ConfigError: the source is none, or its mask; opening it again does not mend that.
        """
        until = self._clockwork.now() + timeout
        while True:
            now = self._clockwork.now()
            frame = self._turn(now)
            if frame is not None or now >= until or self._closed:
                return frame
            with self._news:
                if not self._has_news():
                    self._news.wait(min(until - now, LOOK))

    def close(self, deadline: float = 2.0) -> bool:
        """Let go of the camera; False if its driver does not return in `deadline` seconds."""
        self._closed = True
        life = self._life
        if life is None:
            return True
        life.stop()
        return life.wait(lambda: life.over, deadline)

    def _has_news(self) -> bool:
        life = self._life
        opened = life is not None and life.camera is not None and self._opened_at is None
        return life is not None and (life.waits or life.over or opened)

    def _turn(self, now: float) -> Frame | None:
        """Do what is due now; return a frame that is fit to be judged."""
        if self.state is CameraState.ENDED or self._closed:
            return None
        over = self._life is not None and self._life.over
        # a camera that is pulled out ends its life first: look at once, to call it by its name
        if over or now - self._looked >= LOOK:
            self._looked, self._there = now, self._present()
        frame = self._take(now)
        self._step(now)
        self._say(self._changes.due(now))
        return None if self.live and self.state.blind else frame

    def _take(self, now: float) -> Frame | None:
        """The newest frame, if it is fit to be judged."""
        life = self._life
        if life is None or life.camera is None:
            return None
        if self._opened_at is None:
            self._greet(now, life.camera)
        frame = life.take()
        # a driver may go on handing out its last picture after the camera has gone (opencv#14044)
        gone = self.live and self._there is False
        if frame is None or gone or self._reconnect.phase is Phase.STOPPING:
            return None
        self._last = now
        fit = self._judge.look(frame, now) if self.live else is_picture(frame)
        if fit:
            self._reconnect.good(now)
        self._change(now, self._judge.state)
        return frame if fit else None

    def _greet(self, now: float, camera: Camera) -> None:
        """The camera is open."""
        self._opened_at = self._last = now
        self.name, self.live = one_line(camera.name), camera.live
        self._openings += 1
        self.reconnects = self._openings - 1
        self._judge.restart()

    def _step(self, now: float) -> None:
        life = self._life
        if life is not None and life.over:
            self._bury(now, life)
            if self.state is CameraState.ENDED:
                return
        self._notice(now)
        step = self._reconnect.step(now, self._seen(now), self._chance())
        if step is Step.OPEN:
            self._opened_at = None
            self._life = Life(self._open, self._news, self._clockwork)
        elif step is Step.STOP and life is not None:
            life.stop()
        elif step in (Step.ABANDON, Step.GIVE_UP):
            self._abandon(now)
            if step is Step.GIVE_UP:
                raise CameraError(
                    f"camera {self.name}: its driver hangs again and again; {self.abandoned} "
                    "threads are stuck in it; only a new process helps, if not even that a reboot"
                )

    def _seen(self, now: float) -> Seen:
        life = self._life
        self._left_behind = [each for each in self._left_behind if not each.over]
        if life is None:
            return Seen(
                present=self._there,
                over=True,
                hung=self.state is CameraState.STUCK,
                left_behind=len(self._left_behind),
            )
        since, opened = life.since, self._opened_at
        shown = self._judge.state
        # black without a trace of noise is rather a driver's empty memory than a cap on the lens
        useless = shown in MENDED or (shown is CameraState.BLACK and self._judge.repeats)
        patience = max(self._config.frozen, self._config.faulty)
        return Seen(
            present=self._there if self.live else None,
            opened=opened is not None,
            over=life.over,
            busy=now - since if since is not None else 0.0,
            useless=useless and opened is not None and now - opened >= patience,
            left_behind=len(self._left_behind),
        )

    def _notice(self, now: float) -> None:
        """What can be said without a frame."""
        if self._there is False and self.live:
            self._change(now, CameraState.UNPLUGGED)
        elif (
            self._reconnect.phase is Phase.RUNNING
            and self.live
            and self.state is not CameraState.STUCK
            and now - self._last > self._config.timeout
        ):
            self._change(now, CameraState.SILENT)

    def _bury(self, now: float, life: Life) -> None:
        """The life is over: why?"""
        self._dropped += life.dropped
        self._life = None
        error = life.error
        if isinstance(error, ConfigError):
            raise error
        # whatever ends a clip: playing it again would raise its alerts again
        if life.ended or (life.camera and not self.live):
            self._change(now, CameraState.ENDED, self._words(error))
        elif error is not None and self._there is not False:
            state = CameraState.SILENT if life.camera else CameraState.REFUSED
            state = error.state if isinstance(error, CameraFault) else state
            self._change(now, state, self._words(error))

    def _words(self, error: Exception | None) -> str:
        """What the error says beyond the camera's name, which stands before it anyway."""
        text = one_line(str(error or ""))
        return text.removeprefix("camera ").removeprefix(f"{self.name}: ")

    def _abandon(self, now: float) -> None:
        life, self._life = self._life, None
        self.abandoned += 1
        if life is None:  # its back-end has walked away already, and said so
            return
        life.stop()  # should its thread come back after all
        self._left_behind.append(life)
        self._dropped += life.dropped
        if not self.live:
            self._change(now, CameraState.ENDED, "its file does not answer any more")
        elif self._there is not False:
            self._change(now, CameraState.STUCK)

    def _change(self, now: float, state: CameraState, detail: str = "") -> None:
        if state is self.state:
            self.detail = detail or self.detail
            return
        if state.blind and not self.state.blind:
            self.blind_since = now
        # the state last: whoever reads it on another thread finds the rest to be of it
        self.since, self.detail, self.state = now, detail, state
        self._say(self._changes.change(now, state, detail))

    def _say(self, line: str) -> None:
        if line:
            level = logging.WARNING if self.state is not CameraState.OK else logging.INFO
            log.log(level, "camera %s: %s", self.name, line)


def open_keeper(config: CameraConfig, give_up: int = 3) -> Keeper:
    """A keeper of the camera that `config` names, which is opened at the first `get`."""

    def opener(source: str) -> Camera:
        return open_camera(source, config.width, config.height, config.fps, config.mask)

    device = Device(config.source, opener)
    return Keeper(device.open, config, device.present, give_up)
