"""The doctor on the clock: signatures, certificates and times in alerts need it."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator
from pathlib import Path

from edge.health.finding import Finding, failed, ok, warning

SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
RTC = Path("/dev/rtc0")
UNSYNCHRONISED = 0x40  # STA_UNSYNC of adjtimex(2)
EARLIEST, LATEST = 2026, 2099
NETWORK_TIME = (
    "sudo timedatectl set-ntp true, and let the device reach a time server (UDP port 123)"
)


class _Timex(ctypes.Structure):
    """The beginning of struct timex, and room for the rest of it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("frequency", ctypes.c_long),
        ("most_error", ctypes.c_long),
        ("estimated_error", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def clock(year: int, synchronised: bool | None, battery: bool) -> Iterator[Finding]:
    """What to think of a clock.

    Args:
        year: That it tells.
        synchronised: With a time server; None where the kernel does not tell.
        battery: Whether it goes on while the device is off.
    """
    if not EARLIEST <= year <= LATEST:
        yield failed("clock", f"it is not {year}", NETWORK_TIME)
    elif synchronised is False:
        told = "not synchronised with a time server"
        yield warning("clock", told, NETWORK_TIME)
    else:
        told = "synchronised" if synchronised else "plausible; whether synchronised is not told"
        off = (
            "" if battery else "; no battery clock: wrong after a power cut until a server answers"
        )
        yield ok("clock", told + off)


def look_at_clock() -> Iterator[Finding]:
    """`clock`, of this machine."""
    yield from clock(time.gmtime().tm_year, is_synchronised(), RTC.exists())


def is_synchronised(mark: Path = SYNCHRONISED) -> bool | None:
    """Whether the clock follows a time server, whichever program sees to it."""
    told = _unsynchronised()
    if told is False or mark.exists():
        return True
    return None if told is None else False


def _unsynchronised() -> bool | None:
    about = _Timex()
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(about))  # modes 0 changes nothing
    except (OSError, AttributeError):
        return None
    return None if state < 0 else bool(about.status & UNSYNCHRONISED)
