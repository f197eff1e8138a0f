"""`edge-run alerts test`: one marked test through each sink, past the outbox, told line by line."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

from edge.alerts.clock import system_clock, utc
from edge.alerts.notification import Notification
from edge.alerts.sinks.base import SinkConfig
from edge.alerts.sinks.kinds import KINDS
from edge.alerts.telling import trial
from edge.config import Config
from edge.config.secret import resolved_table
from edge.errors import ConfigError, EdgeError, UsageError
from edge.message import one_line


def send_tests(config: Config, only: str | None, tell: Callable[[str], object]) -> int:
    """Send a test through each sink, or through one, whatever its purposes.

    Args:
        config: As configured.
        only: The sink's name, or None for all.
        tell: Given a line a sink.

    Returns:
        How many did not accept it.

    Raises:
        ConfigError: no sink is configured.
        UsageError: there is no such sink.
    """
    if not config.sinks:
        raise ConfigError("no sink is configured; add a table [sinks.NAME], or give --config FILE")
    if only is not None and only not in config.sinks:
        raise UsageError(f"{only}: no such sink; configured: {', '.join(config.sinks)}")
    device = config.service.device
    chosen = {only: config.sinks[only]} if only is not None else config.sinks
    failures = 0
    for name, sink in chosen.items():
        said, good = _tried(name, sink, device)
        tell(f"{name} ({sink.type}): {said}")
        failures += not good
    return failures


def _tried(name: str, config: SinkConfig, device: str) -> tuple[str, bool]:
    at = utc(system_clock().wall)
    start = time.monotonic()
    try:
        _send(name, config, device, trial(id=uuid4().hex, device=device, at=at))
    except EdgeError as error:
        return f"not accepted: {one_line(str(error))}", False
    except Exception as error:
        return f"failed: {type(error).__name__}: {one_line(str(error))}", False
    return f"accepted after {time.monotonic() - start:.2f} s", True


def _send(name: str, config: SinkConfig, device: str, notification: Notification) -> None:
    sink = KINDS[config.type].make(name, resolved_table(f"sinks.{name}", config), device)
    try:
        sink.send(notification)
    finally:
        with suppress(Exception):  # what counts is whether it was accepted
            sink.close()
