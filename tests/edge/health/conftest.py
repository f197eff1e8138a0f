"""What /sys and /proc of four machines hold, as far as the board is read from there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

MEMINFO = (
    "MemTotal: {total} kB\nMemFree: 1000 kB\nMemAvailable: {free} kB\n"
    "SwapTotal: 512000 kB\nSwapFree: 500000 kB\nHugePages_Total: 0\n"
)
SOC = "devices/platform/soc/soc:firmware"

PI_4 = {
    "sys": {
        f"{SOC}/get_throttled": "0\n",
        "class/hwmon/hwmon0/name": "cpu_thermal\n",
        "class/hwmon/hwmon1/name": "rpi_volt\n",
        "class/hwmon/hwmon1/in0_lcrit_alarm": "0\n",
        "class/thermal/thermal_zone0/type": "cpu-thermal\n",
        "class/thermal/thermal_zone0/temp": "48686\n",
        "devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "600000\n",
        "devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "1800000\n",
    },
    "proc": {
        "device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
        "meminfo": MEMINFO.format(total=3884332, free=3302112),
        "self/statm": "50000 23000 9000 1 0 1 0\n",
    },
}
PI_5 = {
    "sys": {
        "devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled": "50005\n",
        "class/hwmon/hwmon0/name": "cpu_thermal\n",
        "class/hwmon/hwmon1/name": "rp1_adc\n",
        "class/hwmon/hwmon1/in1_input": "1483\n",
        "class/hwmon/hwmon2/name": "pwmfan\n",
        "class/hwmon/hwmon3/name": "rpi_volt\n",
        "class/hwmon/hwmon3/in0_lcrit_alarm": "1\n",
        "class/thermal/thermal_zone0/type": "cpu-thermal\n",
        "class/thermal/thermal_zone0/temp": "61200\n",
        "devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "1500000\n",
        "devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "2400000\n",
    },
    "proc": {
        "device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
        "meminfo": MEMINFO.format(total=8244112, free=7512332),
        "self/statm": "50000 30000 9000 1 0 1 0\n",
    },
}
ZERO_2_W = {
    "sys": {
        f"{SOC}/get_throttled": "e0008\n",
        "class/hwmon/hwmon0/name": "cpu_thermal\n",
        "class/hwmon/hwmon1/name": "rpi_volt\n",
        "class/hwmon/hwmon1/in0_lcrit_alarm": "0\n",
        "class/thermal/thermal_zone0/type": "cpu-thermal\n",
        "class/thermal/thermal_zone0/temp": "81624\n",
    },
    "proc": {
        "device-tree/model": "Raspberry Pi Zero 2 W Rev 1.0\0",
        "meminfo": MEMINFO.format(total=437912, free=91000),
    },
}
X86 = {
    "sys": {
        "class/hwmon/hwmon0/name": "coretemp\n",
        "class/thermal/thermal_zone0/type": "acpitz\n",
        "class/thermal/thermal_zone0/temp": "-274000\n",
        "class/thermal/thermal_zone1/type": "x86_pkg_temp\n",
        "class/thermal/thermal_zone1/temp": "39000\n",
        "class/thermal/thermal_zone2/type": "x86_pkg_temp\n",
        "class/thermal/thermal_zone2/temp": "40000\n",
    },
    "proc": {"meminfo": MEMINFO.format(total=16000000, free=9000000)},
}


MACHINES = {"Pi 4": PI_4, "Pi 5": PI_5, "Zero 2 W": ZERO_2_W, "x86": X86}

Grow = Callable[..., dict[str, Path]]


@pytest.fixture
def grow(tmp_path: Path) -> Grow:
    """Writes a machine's files, some of them changed; the roots as `board.read` takes them."""

    def write(machine: str, **changed: str) -> dict[str, Path]:
        for root, files in MACHINES[machine].items():
            (tmp_path / root).mkdir(parents=True, exist_ok=True)
            for name, text in files.items():
                path = tmp_path / root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(changed.get(path.name, text))
        return {"sysfs": tmp_path / "sys", "proc": tmp_path / "proc"}

    return write
