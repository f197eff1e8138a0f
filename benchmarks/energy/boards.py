"""Published power and speed of a few boards, and what CPU-seconds measured elsewhere mean there.

Estimates from other people's figures, given as ranges; a figure that no source gives is left out.
Watts are those of a whole board without camera, at its plug. Speed is 7-zip's on one core, in
MIPS, from sbc-bench by Thomas Kaiser (Sorted-Results.md at github.com/ThomasKaiser/sbc-bench), at
the clock the board is sold with: integer code with little arithmetic, as a cascade is.

Two assumptions, since nobody publishes them:
- One busy core takes between a quarter of what four take on top of idle, and twice that, for the
  first raises the clock and the voltage that all share.
- A core of a desktop or server is 3 to 8 times as fast as one of a Pi 4. The same cascade search
  in 640x640 photographs, one thread, took 1184 to 1593 ms on a Pi 4 at 1.5 GHz and 304 to 444 ms
  on a laptop's i7-1255U, 3.6 to 3.9 times less (github.com/TonyCongqianWang/cv_facedetection_eval);
  other photographs of that size took a server's core 176 to 209 ms, about 7 times less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

FOUR = 4  # cores of every board here
FIRST_CORE = 2.0  # times a quarter that the first busy core may take
REFERENCE = "Raspberry Pi 4 Model B"
OTHER_TIMES_REFERENCE = (3.0, 8.0)


class Range(NamedTuple):
    """From low to high."""

    low: float
    high: float


class Plug(NamedTuple):
    """Watts at a board's plug with all cores idle and all four busy, and who measured it."""

    idle: float
    full: float
    source: str


@dataclass(frozen=True)
class Board:
    """One board.

    Attributes:
        name: Begins what /proc/device-tree/model says, but for its revision.
        mips: Of one core.
        idle: Watts, from the lowest to the highest of the sources.
        plugs: Those that measured it busy, too; none if nobody was found who did.
    """

    name: str
    mips: Range
    idle: Range
    plugs: tuple[Plug, ...] = ()

    @property
    def core(self) -> Range | None:
        """Watts that one busy core takes on top of idle."""
        if not self.plugs:
            return None
        quarters = [(plug.full - plug.idle) / FOUR for plug in self.plugs]
        return Range(min(quarters), FIRST_CORE * max(quarters))


BOARDS = (
    # idle: cnx-software.com 2021-12-09 (0.12 A at 5 V) and OpenTrafficCam/OTCamera issue 70
    # (0.13 A at 5.3 V); no measurement of it with four busy cores was found
    Board("Raspberry Pi Zero 2", Range(838, 838), Range(0.6, 0.7)),
    Board(
        "Raspberry Pi 3 Model B Plus",
        Range(843, 1076),
        Range(1.9, 3.1),
        (
            Plug(1.9, 5.1, "pidramble.com, power consumption benchmarks"),
            Plug(3.1, 5.6, "geerlingguy/sbc-reviews issue 16"),
        ),
    ),
    Board(
        REFERENCE,
        Range(1606, 1903),
        Range(1.6, 3.1),
        (
            Plug(1.6, 5.0, "geerlingguy/sbc-reviews issue 4"),
            Plug(2.7, 6.4, "pidramble.com, power consumption benchmarks"),
            Plug(3.1, 6.1, "Raspberry Pi documentation: 0.6 and 1.2 A at 5.1 V, with a screen"),
        ),
    ),
    Board(
        "Raspberry Pi 5",
        Range(3196, 3305),
        Range(2.4, 3.1),
        # of the same chip at the same clock: Compute Module 5 and Pi 500
        (
            Plug(2.4, 8.5, "geerlingguy/sbc-reviews issue 58"),
            Plug(3.1, 9.0, "geerlingguy/sbc-reviews issue 60"),
        ),
    ),
)


@dataclass(frozen=True)
class Estimate:
    """What a load measured elsewhere means on a board.

    Attributes:
        board: Its name.
        share: Of one core; above 1 it does not keep up with the camera.
        watts: On top of idle; None where nobody published what a busy core takes.
        idle: Watts of the idle board.
    """

    board: str
    share: Range
    watts: Range | None
    idle: Range


def estimates(share: float, machine: str) -> list[Estimate]:
    """What a load means on each board.

    Args:
        share: Of one core of the machine it was measured on.
        machine: What that machine calls itself.
    """
    told = []
    for board in BOARDS:
        times = slower(machine, board)
        on_it = Range(share * times.low, share * times.high)
        core = board.core
        # a core cannot be more than busy
        watts = (
            Range(*(min(1.0, part) * core[end] for end, part in enumerate(on_it))) if core else None
        )
        told.append(Estimate(board.name, on_it, watts, board.idle))
    return told


def slower(machine: str, board: Board) -> Range:
    """How many times slower a core of a board is than one of this machine."""
    here = next((one for one in BOARDS if machine.startswith(one.name)), None)
    if here is board:
        return Range(1.0, 1.0)
    if here is not None:
        return Range(here.mips.low / board.mips.high, here.mips.high / board.mips.low)
    reference = next(one for one in BOARDS if one.name == REFERENCE)
    low, high = OTHER_TIMES_REFERENCE
    if board is reference:
        return Range(low, high)
    return Range(
        low * reference.mips.low / board.mips.high, high * reference.mips.high / board.mips.low
    )


def is_board(machine: str) -> bool:
    """Whether the machine is one of the boards, so that its own figures need no conversion."""
    return any(machine.startswith(board.name) for board in BOARDS)
