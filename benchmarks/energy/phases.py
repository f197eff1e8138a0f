"""The three things whose power is compared: nothing, an empty desk, one visitor."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.energy.metering import Meter, Power
from benchmarks.energy.sensors import Sensor
from benchmarks.progress import progress
from benchmarks.soak import child as measured_process
from benchmarks.soak.running import PATIENCE, Child, ChildError

TICK = 0.5  # seconds between two readings of a sensor
WINDOW = 1.0  # seconds between two accounts of the service


@dataclass(frozen=True)
class Phase:
    """What was measured while one thing was done.

    Attributes:
        seconds: How long.
        power: By sensor.
        frames: Looked at.
        cpu_s: CPU seconds of the service.
        drawing_s: Of them, those that drew the visitor, whom a camera would have brought.
    """

    seconds: float
    power: Mapping[str, Power]
    frames: int = 0
    cpu_s: float = 0.0
    drawing_s: float = 0.0

    @property
    def watching_share(self) -> float:
        """Of one core, that the service took without drawing."""
        return (self.cpu_s - self.drawing_s) / self.seconds


def idle(sensors: Sequence[Sensor], seconds: float) -> Phase:
    """Let the machine do nothing."""
    meters = [Meter(sensor) for sensor in sensors]
    start = time.monotonic()
    for _ in progress(range(round(seconds / TICK)), "idle"):
        _tick(meters)
        time.sleep(TICK)
    _tick(meters)
    return Phase(time.monotonic() - start, _powers(meters))


def service(sensors: Sequence[Sensor], visitors: int, seconds: float, what: str) -> Phase:
    """Run the service at a camera's pace on a desk with so many visitors.

    What its start costs is left out: the account begins with its first window.

    Raises:
        ChildError: it died or got stuck.
    """
    meters = [Meter(sensor) for sensor in sensors]
    command = measured_process.command(
        camera=f"demo:{measured_process.STANDING}",
        standing=visitors,
        window=WINDOW,
        seconds=seconds + WINDOW,
    )
    told: list[tuple[float, dict[str, Any]]] = []
    with Child(command) as child:
        for event in progress(_seconds(child), what, round(seconds + WINDOW)):
            if event:
                told.append((time.monotonic(), event))
            if told:
                _tick(meters)
    return account(told, _powers(meters))


def account(told: Sequence[tuple[float, Mapping[str, Any]]], power: Mapping[str, Power]) -> Phase:
    """What the service's windows add up to.

    Args:
        told: When each was told, in seconds, and the window; the first only says where CPU and
            frames are counted from.

    Raises:
        ChildError: there are fewer than two.
    """
    if len(told) < 2:
        raise ChildError("the measured service ended before two seconds were over; see edge-run")
    (start, first), (end, last) = told[0], told[-1]
    return Phase(
        seconds=end - start,
        power=power,
        frames=sum(window["frames"] for _, window in told[1:]),
        cpu_s=last["cpu_s"] - first["cpu_s"],
        drawing_s=last["camera_cpu_s"] - first["camera_cpu_s"],
    )


def _seconds(child: Child) -> Iterator[dict[str, Any]]:
    """Its windows as they come, and something empty whenever a sensor is due."""
    waited = 0.0
    while waited < PATIENCE:
        try:
            event = child.heard(TICK)
        except TimeoutError:
            waited += TICK
            yield {}
            continue
        if event is None:
            return
        waited = 0.0
        if event["event"] == "window":
            yield event
    raise ChildError(f"the measured service has told nothing for {PATIENCE:g} s")


def _tick(meters: Sequence[Meter]) -> None:
    for meter in meters:
        meter.tick(time.monotonic())


def _powers(meters: Sequence[Meter]) -> dict[str, Power]:
    return {meter.sensor.name: power for meter in meters if (power := meter.power()) is not None}
