"""The doctor's checks of the machine: they need nothing but the standard library."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import NamedTuple

from edge.alerts.place import outbox_path
from edge.health import board
from edge.health.check_board import heat, look_at_power, memory, memory_limit
from edge.health.check_clock import look_at_clock
from edge.health.check_credentials import look_at_credentials
from edge.health.check_disk import look_at_card, state_folder
from edge.health.check_outbox import look_at_outbox
from edge.health.check_service import look_at_service
from edge.health.check_software import opencv, python
from edge.health.finding import Check

CONFIGURATIONS = Path("/etc/edge-run")
STATES = Path("/var/lib")


class Instance(NamedTuple):
    """A service as systemd knows it.

    Attributes:
        unit: Its name.
        state: The folder that systemd gives it.
    """

    unit: str = "edge-run.service"
    state: Path = STATES / "edge-run"


def instance(config: Path | None) -> Instance:
    """The service that runs with this configuration; the first one if it cannot be told."""
    if config is None or config.parent != CONFIGURATIONS or config.stem == "config":
        return Instance()
    return Instance(f"edge-run@{config.stem}.service", STATES / f"edge-run-{config.stem}")


def of_machine(service: Instance, configured: str = "") -> list[Check]:
    """The checks.

    Args:
        service: Whose unit and state are looked at.
        configured: `outbox.path`.
    """
    path = outbox(service, configured)
    now = board.read()
    return [
        Check("python", python),
        Check("opencv", opencv),
        Check("service", partial(look_at_service, service.unit)),
        Check("credentials", partial(look_at_credentials, CONFIGURATIONS / "credentials")),
        Check("outbox", partial(look_at_outbox, path)),
        Check("disk", partial(state_folder, path.parent)),
        Check("card", look_at_card),
        Check("memory", partial(memory, now)),
        Check("memory limit", memory_limit),
        Check("temperature", partial(heat, now)),
        Check("power", partial(look_at_power, now)),
        Check("clock", look_at_clock),
    ]


def outbox(service: Instance, configured: str) -> Path:
    """Where the service keeps its alerts; where a watch started by hand does, without a service."""
    # systemd makes it a link into a folder that only root may enter; there it is all the same
    there = os.path.lexists(service.state)
    return outbox_path(configured, {"STATE_DIRECTORY": str(service.state)} if there else None)
