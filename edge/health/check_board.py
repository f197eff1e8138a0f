"""The doctor on power, heat and memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge.health.board import Board
from edge.health.finding import Finding, failed, ok, unknown, warning
from edge.health.programs import kernel_log

MIB = 1 << 20
WARM, HOT = 80.0, 85.0  # degrees Celsius at which a Pi slows down, and does all it can
LITTLE, TOO_LITTLE = 100 * MIB, 40 * MIB  # a process takes 90 to 130
SUPPLY = (
    "use the supply made for this board (5 V, 3 A for a Pi 4, 5 A for a Pi 5) and a short cable; "
    "give a USB camera a powered hub"
)
COOLER = "give the board a heat sink or a fan, or a place that is cooler"
CGROUPS = Path("/sys/fs/cgroup/cgroup.controllers")


def power(board: Board, log: str | None) -> Iterator[Finding]:
    """Whether the supply is strong enough, and whether it was since the boot.

    Args:
        board: As it is now.
        log: The kernel's lines on under-voltage since the boot; None where they cannot be read.
    """
    if board.under_voltage is None and not log:
        yield unknown("power", "this board does not tell")
    elif board.under_voltage:
        yield failed("power", "the power supply is too weak at this moment", SUPPLY)
    elif log or (board.throttled and "under_voltage" in board.throttled.lately):
        yield warning("power", "the power supply was too weak since the last boot", SUPPLY)
    elif log is None:
        yield ok("power", "enough now; what was before stands in the kernel's log, for root")
    else:
        yield ok("power", "enough, and was since the last boot")


def look_at_power(board: Board) -> Iterator[Finding]:
    """`power`, with the log of this machine."""
    yield from power(board, kernel_log("Under-?voltage") if board.model else None)


def heat(board: Board) -> Iterator[Finding]:
    """Whether the processor is slowed down."""
    if board.throttled is not None and (why := board.throttled.now - {"under_voltage"}):
        words = ", ".join(sorted(one.replace("_", " ") for one in why))
        # a weak supply slows a board down, too
        advice = SUPPLY if board.under_voltage else COOLER
        yield warning("speed", f"the board is slowed down ({words})", advice)
    if board.temperature is None:
        yield unknown("temperature", "this board does not tell")
        return
    told = f"{board.temperature:.0f} °C"
    if board.temperature >= HOT:
        yield failed("temperature", told, COOLER)
    elif board.temperature >= WARM:
        yield warning("temperature", told, COOLER)
    else:
        yield ok("temperature", told)


def memory(board: Board) -> Iterator[Finding]:
    """Whether there is room for the service, and whether a swap file wears the card."""
    free = board.memory_available
    if free is None or board.memory_total is None:
        yield unknown("memory", "/proc/meminfo does not tell")
    else:
        told = f"{free // MIB} of {board.memory_total // MIB} MiB available"
        advice = "end what else runs here; the service takes 90 to 130 MiB"
        if free < TOO_LITTLE:
            yield failed("memory", told, advice)
        elif free < LITTLE:
            yield warning("memory", told, advice)
        else:
            yield ok("memory", told)
    if board.swap_total and board.swap_free is not None:
        used = board.swap_total - board.swap_free
        if used > board.swap_total // 2:
            advice = "end what else runs here: a swap file on a card is slow and wears it"
            yield warning("swap", f"{used // MIB} of {board.swap_total // MIB} MiB used", advice)


def memory_limit(controllers: Path = CGROUPS) -> Iterator[Finding]:
    """Whether the unit's memory limit has any effect; Raspberry Pi OS switches it off."""
    try:
        known = controllers.read_text(errors="replace").split()
    except OSError:
        return  # no systemd, no unit
    if "memory" not in known:
        advice = "add cgroup_enable=memory to the line in /boot/firmware/cmdline.txt and reboot"
        yield warning("memory limit", "the kernel does not count memory by service", advice)
