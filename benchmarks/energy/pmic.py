"""What `vcgencmd pmic_read_adc` lists on a Raspberry Pi 5: volts and amperes of its rails."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable

Ask = Callable[[], str | None]

# as `  VDD_CORE_A current(7)=1.08767400A` and `  VDD_CORE_V volt(15)=0.89745940V`
LINE = re.compile(r"^\s*(\S+)_([AV])\s+(?:current|volt)\(\d+\)=(-?\d+(?:\.\d+)?)[AV]\s*$")
DEADLINE = 5.0  # seconds in which the firmware answers, or never


def ask() -> str | None:
    """What vcgencmd prints; None where there is none, or it does not know the question."""
    program = shutil.which("vcgencmd")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "pmic_read_adc"],
            check=True,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if rails(done.stdout) else None


def rails(text: str) -> dict[str, float]:
    """Watts by rail, of those that have both figures; lines of another form are passed over.

    The sum is below what the supply delivers: converters lose some, and 5 V goes to USB past them.
    """
    told: dict[str, dict[str, float]] = {"A": {}, "V": {}}
    for line in text.splitlines():
        if found := LINE.match(line):
            told[found[2]][found[1]] = float(found[3])
    both = told["A"].keys() & told["V"].keys()
    return {rail: told["A"][rail] * told["V"][rail] for rail in sorted(both)}
