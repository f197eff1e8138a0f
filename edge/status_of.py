"""Gathers a `Status` from the running parts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from edge import __version__
from edge.alerts.dispatch import Dispatcher
from edge.camera.keeper import Keeper
from edge.camera.state import CameraState
from edge.health.heartbeat import Heartbeats
from edge.status import Status
from edge.watch import Watch
from edge.watcher import Watcher


@dataclass(frozen=True)
class Sources:
    """The parts that know.

    Attributes:
        device: `service.name`.
        model: The model file and its interpreter.
        port: Why the health port does not answer, if it does not.
        started: Monotonic seconds.
    """

    device: str
    model: str
    keeper: Keeper
    watcher: Watcher
    watch: Watch
    dispatcher: Dispatcher
    heartbeats: Heartbeats
    port: Callable[[], str]
    started: float


def status_of(sources: Sources) -> Status:
    """How everything is now; may be called from any thread."""
    now, keeper = time.monotonic(), sources.keeper
    recent, state = sources.watcher.recorder.at(now), keeper.state
    outbox, sinks = sources.dispatcher.status()
    return Status(
        name=sources.device,
        version=__version__,
        model=sources.model,
        uptime=now - sources.started,
        camera=keeper.name,
        camera_state=state.word,
        camera_sentence=_sentence(keeper),
        blind=state.blind,
        state_for=max(0.0, now - keeper.since),  # it may have begun since `now`
        blind_for=max(0.0, now - keeper.blind_since) if state.blind else 0.0,
        reconnects=keeper.reconnects,
        abandoned=keeper.abandoned,
        frames=recent.frames,
        dropped=keeper.dropped,
        fps=recent.fps,
        frame_age=recent.frame_age,
        visitors=recent.visitors,
        visitors_total=recent.visitors_total,
        overexposed_total=recent.overexposed_total,
        alerts=sources.watch.raised,
        firing=sources.watch.firing,
        held_back=sources.watch.held_back,
        stages_ms=recent.stages_ms,
        outbox=outbox,
        sinks=sinks,
        port=sources.port(),
        stale=sources.heartbeats.stale(),
    )


def _sentence(keeper: Keeper) -> str:
    """What is with the camera; of one that cannot be opened, the reason that was given."""
    refused = keeper.state is CameraState.REFUSED
    return keeper.detail if refused and keeper.detail else keeper.state.sentence
