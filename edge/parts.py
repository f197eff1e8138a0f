"""Makes the service's parts from the configuration."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from edge.alerts.dispatch import Dispatcher
from edge.alerts.outbox import Outbox
from edge.alerts.place import outbox_path
from edge.alerts.rule import Firing
from edge.alerts.sinks.base import Sink, SinkConfig
from edge.alerts.sinks.kinds import KINDS
from edge.config import Config
from edge.health.heartbeat import Heartbeats
from edge.snapshots import Snapshots, folder_of
from edge.teller import Teller
from edge.vision.face import Box, Gray


def open_sinks(config: Config, device: str) -> list[tuple[Sink, SinkConfig]]:
    """Every configured sink with its configuration; none has connected yet.

    Args:
        config: With the values in place of its references.

    Raises:
        ConfigError: a sink can never work as configured.
    """
    return [
        (KINDS[sink.type].make(name, sink, device), sink) for name, sink in config.sinks.items()
    ]


def open_dispatcher(config: Config, device: str, heartbeats: Heartbeats) -> Dispatcher:
    """The outbox and its sinks, not yet started.

    Raises:
        ConfigError: a sink can never work as configured.
        OutboxHeldError: another process keeps its alerts in the same outbox.
    """
    sinks = open_sinks(config, device)
    return Dispatcher(Outbox(config.outbox), sinks, heartbeats.expect)


def state_folder(config: Config) -> Path:
    """Where the service keeps what must outlive it."""
    return outbox_path(config.outbox.path).parent


class Pictures:
    """Keeps pictures of alerts where the operator has turned that on; else of no effect.

    Args:
        config: Of the service.
        teller: Knows the incidents' names.
    """

    def __init__(self, config: Config, teller: Teller) -> None:
        self._teller = teller
        self._kept: Snapshots | None = None
        if config.snapshots.enabled:
            folder = folder_of(config.snapshots, outbox_path(config.outbox.path))
            self._kept = Snapshots(config.snapshots, folder, time.time())

    def keep(self, event: Firing, gray: Gray, boxes: Sequence[Box]) -> None:
        """Keep the picture that an alert was raised on."""
        if self._kept is not None:
            self._kept.keep(self._teller.incident(event), gray, boxes, time.time())

    def turn(self) -> None:
        """Remove what is too old; call it as often as you like."""
        if self._kept is not None:
            self._kept.turn(time.time())
