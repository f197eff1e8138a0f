"""Watching one camera until it ends: the pipeline, the rules, whoever looks on.

What runs for a year, and waits for a camera that is away, is `edge.supervisor`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from queue import Empty, SimpleQueue

from edge.alerts.deliver import Delivery
from edge.alerts.sinks.log import LogSink
from edge.camera.base import Camera, Frame
from edge.camera.newest import NewestFrame
from edge.camera.open import open_camera
from edge.config import Config
from edge.errors import CameraError
from edge.show import Printer, Summary
from edge.signals import stopped_by_signals
from edge.watch import Watch, check_rules, load_configured

log = logging.getLogger(__name__)

POLL = 0.25  # seconds after which a waiting loop looks whether it should stop


class Service:
    """Watches one camera until it ends, fails or is told to stop.

    Args:
        config: What to watch for and how.
        printer: Told of everything.
    """

    def __init__(self, config: Config, printer: Printer) -> None:
        self._config, self._printer = config, printer
        self._stop = threading.Event()
        self._why = ""
        self._delivery = Delivery([LogSink(), printer])

    def stop(self, why: str) -> None:
        """Ask the loop to end; may be called from a signal handler or another thread."""
        self._why = self._why or why
        self._stop.set()

    def run(self) -> Summary:
        """Watch; return the run in figures.

        Raises:
            CameraError: the camera is not there or stopped giving frames. Alerts that were firing
                have been resolved by then.
            ConfigError: a rule watches for what the model does not tell.
            ModelError: the model cannot be used.
        """
        with stopped_by_signals(self.stop):
            model = load_configured(self._config)
            check_rules(self._config, model)
            watch = Watch(self._config, model)
            camera = self._open()
            try:
                if camera is not None:
                    with self._frames(camera, watch) as frames:
                        self._printer.started(camera.name, f"{model.path.name} on {model.runtime}")
                        for frame in frames:
                            observation, events = watch.look(frame)
                            self._printer.seen(observation)
                            self._delivery.deliver(events)
                        self._why = self._why or f"{camera.name} has ended"
            except Exception as error:
                self._why = str(error) or type(error).__name__
                raise
            finally:
                self._delivery.deliver(watch.close())
                summary = watch.summary()
                self._printer.ended(self._why, summary)
        return summary

    def _open(self) -> Camera | None:
        """Open the camera; None if told to stop before it answered.

        On a thread of its own, since an address that does not answer blocks for seconds. What
        answers only after that is left to the system: the process is about to end.
        """
        wanted = self._config.camera
        opened: SimpleQueue[Camera | Exception] = SimpleQueue()

        def open_it() -> None:
            try:
                opened.put(
                    open_camera(wanted.source, wanted.width, wanted.height, wanted.fps, wanted.mask)
                )
            except Exception as error:
                opened.put(error)

        threading.Thread(target=open_it, name="open camera", daemon=True).start()
        while not self._stop.is_set():
            try:
                answer = opened.get(timeout=POLL)
            except Empty:
                continue
            if isinstance(answer, Exception):
                raise answer
            return answer
        return None

    @contextmanager
    def _frames(self, camera: Camera, watch: Watch) -> Iterator[Iterator[Frame]]:
        """The frames to look at; the camera is released at the end of the block, come what may."""
        if not camera.live:
            with closing(camera):
                yield self._each(camera)
            return
        newest = NewestFrame(camera)
        try:
            yield self._newest(newest, camera.name, watch)
        finally:
            if not newest.close():
                log.warning("camera %s does not let go; leaving it to the system", camera.name)

    def _each(self, camera: Camera) -> Iterator[Frame]:
        """Every frame, until the source ends or the loop is told to stop."""
        while not self._stop.is_set() and (frame := camera.read()) is not None:
            yield frame

    def _newest(self, newest: NewestFrame, name: str, watch: Watch) -> Iterator[Frame]:
        """The newest frame each time, until the source ends or the loop is told to stop."""
        waited = 0.0
        while not self._stop.is_set():
            try:
                frame = newest.get(POLL)
            except TimeoutError:
                waited += POLL
                if waited >= self._config.camera.timeout:
                    raise CameraError(
                        f"camera {name}: no frame for {waited:g} s; is it still plugged in?"
                    ) from None
                continue
            if frame is None:
                return
            waited = 0.0
            watch.tally.dropped = newest.dropped
            yield frame
