"""Which checks the doctor makes of a configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

from edge.config import Config
from edge.config.secret import given_by_systemd, resolved_table
from edge.errors import ConfigError
from edge.health import ask
from edge.health.check_camera import look_at_camera
from edge.health.check_service import health_port
from edge.health.check_sinks import look_at_sink
from edge.health.check_software import is_installed, model
from edge.health.config import address
from edge.health.finding import AS_ROOT, Check, Finding, unknown, warning
from edge.health.machine import Instance, of_machine

Running = Callable[[], dict[str, Any] | None]


def checks(config: Config, service: Instance) -> list[Check]:
    """Every check, in the order in which its findings are read.

    Args:
        config: As configured, its secrets not looked up.
        service: That runs with it, if one does.
    """
    running = _asker(config)
    return [
        Check("model", partial(model, config)),
        Check("camera", lambda: _camera(config, running)),
        Check("health port", lambda: _port(config, running, service.unit)),
        Check("sinks", lambda: _no_sinks(config)),
        *(
            Check(f"sink {name}", partial(look_at_sink, name, sink))
            for name, sink in config.sinks.items()
        ),
        *of_machine(service, config.outbox.path),
    ]


def _asker(config: Config) -> Running:
    """What the service's health port answers; asked once."""

    @cache
    def running() -> dict[str, Any] | None:
        try:
            where = address(config.health)
        except ConfigError:
            return None
        return None if where is None else ask.healthz(where)

    return running


def _camera(config: Config, running: Running) -> Iterator[Finding]:
    if given_by_systemd(config.camera.source):
        told = "its address is a credential, readable for the service and root only"
        yield unknown("camera", told, AS_ROOT)
    else:
        yield from look_at_camera(resolved_table("camera", config.camera), running())


def _port(config: Config, running: Running, unit: str) -> Iterator[Finding]:
    installed = is_installed("prometheus_client")
    yield from health_port(address(config.health), running(), installed, unit)


def _no_sinks(config: Config) -> Iterator[Finding]:
    if not config.sinks:
        advice = "add [sinks.NAME] to the configuration; see README, Where alerts go"
        yield warning("sinks", "there is none: alerts are in the log only", advice)
