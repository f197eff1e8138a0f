"""All faults in turn; what this machine cannot do is told, not passed over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from benchmarks.progress import progress
from edge.errors import EdgeError


class NotHereError(EdgeError, RuntimeError):
    """A fault that this machine cannot be made to have; the message says what is missing."""


@dataclass(frozen=True)
class Plan:
    """How often each thing is done.

    Attributes:
        kills: kill -9, at random moments.
        alerts: Alerts of one outbox through its kills.
        outages: Of a broker.
        webhooks: Rounds of a webhook's misbehaviour.
        cameras: Plays of each camera fault.
        disks: Times that a disk is full or a file is damaged.
        stops: SIGTERM, at random moments.
        clocks: Steps of the clock.
        inputs: Garbage for each reader.
        hours: Of frames at full speed, as many as fit into `minutes`.
        minutes: For that, and for counting written bytes.
        faces_seconds: Of twenty faces.
    """

    kills: int = 10_000
    alerts: int = 1000
    outages: int = 1000
    webhooks: int = 20
    cameras: int = 100
    disks: int = 100
    stops: int = 60
    clocks: int = 200
    inputs: int = 2000
    hours: float = 24.0
    minutes: float = 10.0
    faces_seconds: int = 60


QUICK = Plan(200, 100, 20, 2, 5, 5, 8, 10, 200, 24.0, 0.5, 10)

# by name: how the module of that name is called
FAULTS: Mapping[str, Callable[[Any, Plan], dict[str, Any]]] = {
    "kill": lambda module, plan: module.measure(alerts=plan.alerts, kills=plan.kills),
    "broker": lambda module, plan: module.measure(plan.outages),
    "fleet": lambda module, _plan: module.measure(),
    "webhook": lambda module, plan: module.measure(plan.webhooks),
    "disk": lambda module, plan: module.measure(plan.disks),
    "clock": lambda module, plan: module.measure(plan.clocks),
    "camera": lambda module, plan: module.measure(plan.cameras),
    "sigterm": lambda module, plan: module.measure(plan.stops),
    "fuzz": lambda module, plan: module.measure(plan.inputs),
    "faces": lambda module, plan: module.measure(plan.faces_seconds),
    "writes": lambda module, plan: module.measure(plan.minutes),
    "soak_day": lambda module, plan: module.measure(plan.hours, plan.minutes),
}


def measure(plan: Plan, names: Sequence[str] = ()) -> dict[str, Any]:
    """Break one thing after the other.

    Args:
        plan: How often.
        names: Of `FAULTS`; all if none is given.

    Returns:
        `rows`, one for each thing done, with its `module`; `parts`, all that each module told;
        `skipped`, by name, why something could not be tried here.
    """
    rows: list[dict[str, Any]] = []
    parts: dict[str, Any] = {}
    skipped: dict[str, str] = {}
    for name in progress(names or tuple(FAULTS), "faults"):
        try:
            parts[name] = FAULTS[name](import_module(f"benchmarks.faults.{name}"), plan)
        except NotHereError as error:
            skipped[name] = str(error)
            continue
        rows += [{"module": name, **row} for row in parts[name]["rows"]]
    return {"rows": rows, "parts": parts, "skipped": skipped}
