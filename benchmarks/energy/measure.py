"""Measuring the three phases, and what is worked out of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from benchmarks.energy import phases
from benchmarks.energy.boards import estimates, is_board
from benchmarks.energy.metering import joules_a_frame
from benchmarks.energy.phases import Phase
from benchmarks.energy.sensors import Found, find
from benchmarks.machine import Watch, machine

HOUR = 3600
VISITORS = {"empty desk": 0, "one visitor": 1}


def measure(
    seconds: float, say: Callable[[str], None], found: Found | None = None
) -> dict[str, Any]:
    """Idle, the service on an empty desk, the service with one visitor, `seconds` each.

    Args:
        found: The sensors; this machine's own if None.

    Returns:
        What `work_out` does, with the machine's name and in `condition` what it was like.
    """
    here = machine()["machine"]
    sensors, refused = found or find()
    for line in refused:
        say(line)
    if not sensors:
        say("nothing here tells its power; CPU time is measured instead")
    others = Watch()
    idle = phases.idle(sensors, seconds) if sensors else Phase(0.0, {})
    busy = {
        name: phases.service(sensors, visitors, seconds, name)
        for name, visitors in VISITORS.items()
    }
    about = {sensor.name: sensor.about for sensor in sensors}
    told = work_out(idle, busy, here)
    return {"sensors": about, "refused": refused, **told, "condition": others.end()}


def work_out(idle: Phase, busy: Mapping[str, Phase], machine_name: str) -> dict[str, Any]:
    """Everything that follows from the phases.

    Returns:
        `idle` watts by sensor; `phases` by name, each with `watts` and `joules_a_frame` by sensor
        (value and standard error), `cpu_s_an_hour` with the drawing of the visitor,
        `watching_cpu_s_an_hour` without, `share` of one core without, and `boards`.
    """
    return {
        "machine": machine_name,
        "is_board": is_board(machine_name),
        "idle": {name: asdict(power) for name, power in idle.power.items()},
        "phases": {name: _phase(phase, idle, machine_name) for name, phase in busy.items()},
    }


def _phase(phase: Phase, idle: Phase, machine_name: str) -> dict[str, Any]:
    both = phase.power.keys() & idle.power.keys() if phase.frames else ()
    joules = {
        name: joules_a_frame(phase.power[name], idle.power[name], phase.seconds, phase.frames)
        for name in sorted(both)
    }
    return {
        "seconds": phase.seconds,
        "frames": phase.frames,
        "watts": {name: asdict(power) for name, power in phase.power.items()},
        "joules_a_frame": {
            name: {"joules": value, "error": error} for name, (value, error) in joules.items()
        },
        "cpu_s_an_hour": HOUR * phase.cpu_s / phase.seconds,
        "watching_cpu_s_an_hour": HOUR * phase.watching_share,
        "share": phase.watching_share,
        "boards": [asdict(one) for one in estimates(phase.watching_share, machine_name)],
    }
