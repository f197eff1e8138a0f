"""What of this machine tells how much power it takes; each is here, not here, or not for us.

Nothing is opened that does not lie under `root` as the kernel shows it (Documentation/ABI/testing:
sysfs-class-hwmon, sysfs-class-powercap, sysfs-class-power), but `vcgencmd` of a Raspberry Pi 5.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from benchmarks.energy.pmic import Ask, ask, rails
from edge.errors import EdgeError

MICRO = 1e-6
MILLI = 1e-3


class SensorError(EdgeError, OSError):
    """A sensor that has stopped telling."""


@dataclass(frozen=True)
class Sensor:
    """One source of figures.

    Attributes:
        name: Unique on this machine.
        about: What part of the machine it sees.
        kind: Whether `read` gives the watts of this moment, or the joules since some moment.
        read: Raises OSError or ValueError where it does not tell any more.
        wraps: Joules at which a counter starts again from 0; 0 for never.
    """

    name: str
    about: str
    kind: Literal["watts", "joules"]
    read: Callable[[], float]
    wraps: float = 0.0

    def value(self) -> float:
        """What it tells now.

        Raises:
            SensorError: it does not tell any more.
        """
        try:
            return self.read()
        except (OSError, ValueError) as error:
            raise SensorError(f"{self.name}: has stopped telling ({error}); try again") from error


class Found(NamedTuple):
    """The sensors of a machine.

    Attributes:
        sensors: That tell.
        refused: One line for each that is here and does not, with what to do.
    """

    sensors: list[Sensor]
    refused: list[str]


def find(root: Path = Path("/sys"), asking: Ask = ask) -> Found:
    """Look for every kind of sensor, the best first; each has told once when this returns.

    Args:
        root: Where `class` lies.
        asking: Runs `vcgencmd`, see `benchmarks.energy.pmic`.
    """
    sensors, refused = [], []
    kinds = (_ina(root / "class/hwmon"), _pmic(asking), _rapl(root), _battery(root))
    for sensor in (sensor for kind in kinds for sensor in kind):
        try:
            sensor.read()
        except PermissionError as error:
            refused.append(
                f"{sensor.name}: only root may read it; sudo chmod a+r {error.filename}, or run "
                "edge-bench energy as root"
            )
        except (OSError, ValueError) as error:
            refused.append(f"{sensor.name}: does not tell ({error})")
        else:
            sensors.append(sensor)
    return Found(sensors, refused)


def _ina(hwmon: Path) -> Iterator[Sensor]:
    """Texas Instruments' INA2xx and INA3221, on boards and on hats."""
    for folder in sorted(hwmon.glob("hwmon*")):
        chip = _word(folder / "name")
        if not chip.startswith("ina"):
            continue
        powers = sorted(folder.glob("power*_input"))
        channels = [
            (folder / f"in{path.name[4:-6]}_input", path)
            for path in sorted(folder.glob("curr*_input"))
        ]
        pairs = [pair for pair in channels if pair[0].is_file()]
        about = "what its shunt is wired to"
        if powers:
            yield Sensor(f"{chip} {folder.name}", about, "watts", _sum(powers, MICRO))
        elif pairs:
            yield Sensor(f"{chip} {folder.name}", about, "watts", _products(pairs))


def _pmic(asking: Ask) -> Iterator[Sensor]:
    """The power controller of a Raspberry Pi 5."""
    if asking() is not None:
        yield Sensor("Pi 5 PMIC", "the board's rails; not what USB takes", "watts", _rails(asking))


def _rapl(root: Path) -> Iterator[Sensor]:
    """Counters of Intel's and AMD's processors, one a socket."""
    for folder in sorted((root / "class/powercap").glob("intel-rapl:*")):
        if not re.fullmatch(r"intel-rapl:\d+", folder.name):
            continue  # a part of one of the others
        name = _word(folder / "name") or folder.name
        wraps = _number(folder / "max_energy_range_uj", 0) * MICRO
        read = _sum([folder / "energy_uj"], MICRO)
        yield Sensor(f"RAPL {name}", "the processor alone", "joules", read, wraps)


def _battery(root: Path) -> Iterator[Sensor]:
    for folder in sorted((root / "class/power_supply").glob("*")):
        # one that is charged tells what goes in
        if _word(folder / "type") != "Battery" or _word(folder / "status") != "Discharging":
            continue
        power = folder / "power_now"
        pair = (folder / "voltage_now", folder / "current_now")
        read = _sum([power], MICRO) if power.is_file() else _products([pair], MICRO)
        yield Sensor(f"battery {folder.name}", "the whole machine", "watts", read)


def _sum(paths: list[Path], unit: float) -> Callable[[], float]:
    return lambda: sum(abs(_number(path)) for path in paths) * unit


def _products(pairs: list[tuple[Path, Path]], unit: float = MILLI) -> Callable[[], float]:
    """Volts times amperes; `unit` of both."""
    return lambda: sum(abs(_number(one) * _number(other)) for one, other in pairs) * unit**2


def _rails(asking: Ask) -> Callable[[], float]:
    def watts() -> float:
        found = rails(asking() or "")
        if not found:
            raise ValueError("vcgencmd lists no rail with volts and amperes")
        return sum(found.values())

    return watts


def _number(path: Path, default: float | None = None) -> float:
    try:
        return float(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        if default is None:
            raise
        return default


def _word(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
