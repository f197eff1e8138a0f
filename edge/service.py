"""The loop that runs for a year: a camera, the pipeline, the rules, whoever is to be told."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import count
from queue import Empty, SimpleQueue
from types import FrameType

from edge.alerts.deliver import Delivery
from edge.alerts.rule import Event, Firing, Rule
from edge.alerts.sinks.log import LogSink
from edge.camera.base import Camera, Frame
from edge.camera.newest import NewestFrame
from edge.camera.open import open_camera
from edge.config import Config
from edge.errors import CameraError, ConfigError
from edge.pipeline import Observation, Pipeline
from edge.show import Printer, Summary
from edge.vision.detect import Detector
from edge.vision.expression import ExpressionModel, load_model
from edge.vision.track import Tracker

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
        numbers = count(1)
        self._rules = [Rule(name, rule, numbers) for name, rule in config.rules.items()]
        self._delivery = Delivery([LogSink(), printer])
        self._tally = _Tally()

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
        with stopped_by_signals(self):
            model = load_configured(self._config)
            check_rules(self._config, model)
            pipeline = self._pipeline(model)
            camera = self._open()
            try:
                if camera is not None:
                    with self._frames(camera) as frames:
                        self._printer.started(camera.name, f"{model.path.name} on {model.runtime}")
                        for frame in frames:
                            self._look(pipeline, frame)
                        self._why = self._why or f"{camera.name} has ended"
            except Exception as error:
                self._why = str(error) or type(error).__name__
                raise
            finally:
                last = self._tally.last
                self._deliver([event for rule in self._rules for event in rule.close(last)])
                held_back = sum(rule.held_back for rule in self._rules)
                summary = replace(self._tally.summary(), held_back=held_back)
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
                opened.put(open_camera(wanted.source, wanted.width, wanted.height, wanted.fps))
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

    def _pipeline(self, model: ExpressionModel) -> Pipeline:
        config = self._config
        return Pipeline(
            Detector(config.detection), model, Tracker(config.tracking), config.expression
        )

    def _look(self, pipeline: Pipeline, frame: Frame) -> None:
        start = time.perf_counter()
        observation = pipeline.step(frame)
        evidence = observation.evidence
        events = [event for rule in self._rules for event in rule.step(frame.timestamp, evidence)]
        self._tally.frame(observation, time.perf_counter() - start)
        self._printer.seen(observation)
        self._deliver(events)

    def _deliver(self, events: list[Event]) -> None:
        self._tally.alerts += sum(isinstance(event, Firing) for event in events)
        self._delivery.deliver(events)

    @contextmanager
    def _frames(self, camera: Camera) -> Iterator[Iterator[Frame]]:
        """The frames to look at; the camera is released at the end of the block, come what may."""
        if not camera.live:
            with closing(camera):
                yield self._each(camera)
            return
        newest = NewestFrame(camera)
        try:
            yield self._newest(newest, camera.name)
        finally:
            if not newest.close():
                log.warning("camera %s does not let go; leaving it to the system", camera.name)

    def _each(self, camera: Camera) -> Iterator[Frame]:
        """Every frame, until the source ends or the loop is told to stop."""
        while not self._stop.is_set() and (frame := camera.read()) is not None:
            yield frame

    def _newest(self, newest: NewestFrame, name: str) -> Iterator[Frame]:
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
            self._tally.dropped = newest.dropped
            yield frame


class _Tally:
    """Counts what a `Summary` says."""

    def __init__(self) -> None:
        self.dropped = self.alerts = self._frames = 0
        self._first: float | None = None
        self.last = 0.0  # time of the newest frame
        self._busy = 0.0
        self._cpu_start = 0.0
        self._cpu = 0.0
        self._stages: Counter[str] = Counter()
        self._visitors = 0
        self._present: set[int] = set()

    def frame(self, observation: Observation, took: float) -> None:
        if self._first is None:
            # The first frame pays for lazy set-up in every library; it is looked at, not counted.
            self._first = observation.time
            self._cpu_start = time.process_time()
        else:
            self._busy += took
            self._stages.update(observation.stages)
        self._frames += 1
        self.last = observation.time
        self._cpu = time.process_time() - self._cpu_start
        present = {reading.visitor for reading in observation.readings}
        self._visitors += len(present - self._present)  # who has left never comes back
        self._present = present

    def summary(self) -> Summary:
        counted = max(1, self._frames - 1)
        return Summary(
            seconds=self.last - self._first if self._first is not None else 0.0,
            frames=self._frames,
            dropped=self.dropped,
            visitors=self._visitors,
            alerts=self.alerts,
            frame_ms=1000 * self._busy / counted,
            cpu_ms=1000 * self._cpu / counted,
            stages_ms={name: 1000 * spent / counted for name, spent in self._stages.items()},
        )


def load_configured(config: Config) -> ExpressionModel:
    """Load the model that the configuration names."""
    wanted = config.model
    return load_model(wanted.path or None, wanted.threads, wanted.runtime or None)


def check_rules(config: Config, model: ExpressionModel) -> None:
    """Refuse a rule that this model can never answer.

    Raises:
        ConfigError: a rule names a label that the model does not have; the message lists those it
            has, and how a rule is given one of them.
    """
    for name, rule in config.rules.items():
        missing = [label for label in rule.watched if label not in model.labels]
        if missing:
            # what comes closest to what a desk wants to be told of
            known = next(one for one in ("angry", "negative", "sad") if one in model.labels)
            way = (
                f"[rules.{name}.weights] {known} = 1.0 in place of its weights"
                if rule.weights
                else f'[rules.{name}] emotion = "{known}", or --set rules.{name}.emotion={known}'
            )
            raise ConfigError(
                f"rules.{name} watches for {', '.join(missing)}, but {model.path.name} knows only "
                f"{', '.join(model.labels)}; write the rule for one of these, e.g. {way}"
            )


@contextmanager
def stopped_by_signals(service: Service) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into `service.stop`; the handlers before are put back."""

    def handle(number: int, _frame: FrameType | None) -> None:
        service.stop(f"stopped by {signal.Signals(number).name}")

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers; whoever runs this elsewhere calls stop()
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
