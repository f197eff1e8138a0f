"""The service that runs for a year.

It waits for a camera that is away, keeps every alert until it is delivered, says what it sees, and
ends only when told to or when a clean start is the cure.

    main thread ── heartbeats, watchdog, STATUS, operators' alerts
    watch ─────── camera keeper ─► pipeline ─► rules ─► outbox
    a thread each: camera reader, sinks, HTTP
"""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace

from edge.alerts.dispatch import Dispatcher
from edge.alerts.sight import Change, Sight
from edge.camera.keeper import Keeper, open_keeper
from edge.camera.state import CameraState
from edge.config import Config
from edge.config.secret import resolved
from edge.errors import CameraError, EdgeError
from edge.health import board
from edge.health.heartbeat import Heartbeats
from edge.health.server import Server, serve
from edge.hours import within
from edge.notify import Notifier
from edge.parts import Pictures, open_dispatcher, state_folder
from edge.report import report
from edge.signals import Stop, stopped_by_signals
from edge.status import Status, line
from edge.status_of import Sources, status_of
from edge.teller import Teller
from edge.watch import Watch, check_rules, load_configured
from edge.watcher import Watcher

log = logging.getLogger(__name__)

TURN = 1.0  # seconds between two looks at how everything is
FIRST_ATTEMPT = 20.0  # seconds that READY waits for the camera's first answer
WATCH_LIMIT = 20.0  # seconds without a heartbeat; a slow card may hold a commit for some
FLUSH = 5.0  # seconds that sinks get to send what is due before the process ends
FAILED = "the program that watches has ended with an error; look into its log"
REPORT = 30.0  # seconds between two reports to sinks that pass on how the device is


class WatchError(EdgeError, RuntimeError):
    """The thread that looks has died of an error of its own."""


@dataclass(frozen=True)
class _Parts:
    """What the supervising loop looks after."""

    dispatcher: Dispatcher
    keeper: Keeper
    watcher: Watcher
    teller: Teller
    sight: Sight
    pictures: Pictures
    sources: Sources


class Supervisor:
    """Runs the service.

    Args:
        config: As configured, its secrets not yet looked up.
        notifier: Told how it goes; systemd's if None.
    """

    def __init__(self, config: Config, notifier: Notifier | None = None) -> None:
        self._config = config
        self._notifier = notifier or Notifier()
        self._heartbeats = Heartbeats()
        self._stop = Stop()
        self._reported, self._reported_state = float("-inf"), ""

    def stop(self, why: str) -> None:
        """Ask the service to end; may be called from a signal handler or another thread."""
        self._stop.ask(why)

    def run(self) -> int:
        """Run until told to stop; return the exit code.

        Raises:
            ConfigError, ModelError: what is configured cannot be used.
            CameraError: the camera's driver hangs again and again; only a new process helps.
            WatchError: a bug ended the watching; the next process begins anew.
        """
        with stopped_by_signals(self.stop), ExitStack() as stack:
            self._notifier.status("loading the model")
            parts = self._build(stack)
            try:
                self._await_camera(parts)
                self._check_watcher(parts)
                log.info("watching %s as %s", parts.keeper.name, parts.sources.device)
                self._notifier.ready()
                self._supervise(parts)
            finally:
                self._notifier.stopping()
                log.info("ending: %s", self._stop.why or "of an error")
        return 0

    def _build(self, stack: ExitStack) -> _Parts:
        """Make and start every part; `stack` ends them in the reverse order."""
        model = load_configured(self._config)
        check_rules(self._config, model)
        config, device = resolved(self._config), self._config.service.device
        dispatcher = open_dispatcher(config, device, self._heartbeats)
        stack.callback(dispatcher.stop, FLUSH)
        teller = Teller(device, dispatcher.put)
        teller.blind = dispatcher.adopt("operator")
        dispatcher.start()
        keeper = open_keeper(config.camera, config.service.give_up)
        stack.callback(keeper.close)
        pictures = Pictures(config, teller)
        watch = Watch(config, model)
        watcher = Watcher(
            keeper,
            watch,
            teller.tell,
            pictures.keep,
            self._heartbeats.expect("watch", WATCH_LIMIT),
        )
        server: Server | None = None  # answers before it is here
        sources = Sources(
            device,
            f"{model.path.name} on {model.runtime}",
            keeper,
            watcher,
            watch,
            dispatcher,
            self._heartbeats,
            lambda: server.error if server else "",
            time.monotonic(),
        )
        server = serve(config.health, lambda: status_of(sources), folder=state_folder(config))
        stack.callback(server.close)
        sight = Sight(config.service.cannot_see, told=teller.blind is not None)
        watcher.start()
        stack.callback(watcher.stop, FLUSH)
        return _Parts(dispatcher, keeper, watcher, teller, sight, pictures, sources)

    def _await_camera(self, parts: _Parts) -> None:
        """Until the camera was tried once, so that READY comes with a STATUS worth reading."""
        self._notifier.status(f"opening the camera {parts.keeper.name}")
        until = time.monotonic() + FIRST_ATTEMPT
        while (
            parts.keeper.state is CameraState.OPENING
            and parts.watcher.running
            and time.monotonic() < until
            and not self._stop.wait(0.1)
        ):
            pass

    def _supervise(self, parts: _Parts) -> None:
        """Look after everything once a turn, until told to stop or nothing is left to look after.

        Raises:
            Exception: what ended the watching.
        """
        turn = min(TURN, (self._notifier.watchdog or TURN * 4) / 4)
        while not self._stop.asked:
            self._look(parts)
            self._check_watcher(parts)
            self._stop.wait(turn)

    def _look(self, parts: _Parts) -> None:
        now, status = time.monotonic(), status_of(parts.sources)
        self._notifier.status(line(status))
        if not status.stale:
            # whoever is stuck is not waited for: the manager starts a new process
            self._notifier.alive()
        if change := parts.sight.step(now, status.blind):
            self._tell_operators(parts, change, status)
        if now - self._reported >= REPORT or status.camera_state != self._reported_state:
            self._reported, self._reported_state = now, status.camera_state
            parts.dispatcher.report(report(status, board.read()))
        parts.pictures.turn()  # a slow card may take its time over that, so it comes last

    def _tell_operators(self, parts: _Parts, change: Change, status: Status) -> None:
        if change == "cannot see" and not within(self._config.service.hours, _minute()):
            # it is told when they begin, if it lasts
            parts.sight.told = False
            return
        parts.teller.tell_operators(change, status)

    def _check_watcher(self, parts: _Parts) -> None:
        """Go on only if somebody looks; if not, say so before the process ends.

        Raises:
            Exception: what ended the watching.
        """
        if parts.watcher.running:
            return
        error = parts.watcher.error or WatchError("the watching has ended by itself")
        status = status_of(parts.sources)
        if not isinstance(error, CameraError):  # the camera may well see
            status = replace(status, camera_state="failed", camera_sentence=FAILED)
        if change := parts.sight.give_up():
            self._tell_operators(parts, change, status)
        raise error


def _minute() -> int:
    """Of the day, by the device's clock and time zone."""
    now = time.localtime()
    return now.tm_hour * 60 + now.tm_min
