"""What to do next about a camera: wait, open it, let go of it, walk away, or give up.

A state machine without threads and without a clock: it is told the time and what its owner sees,
and answers with one step.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from edge.backoff import Backoff

STEADY = 30.0  # seconds of good frames after which earlier failures are forgotten
LEFT_BEHIND = 10  # abandoned threads that never came back; each holds memory, maybe the device
BACKOFF = Backoff(first=1.0, most=60.0)


class Phase(Enum):
    """Where a camera is between two openings."""

    WAITING = "waiting"
    OPENING = "opening"
    RUNNING = "running"
    STOPPING = "stopping"


class Step(Enum):
    """What to do now."""

    WAIT = "wait"
    OPEN = "open a new life"
    STOP = "ask the life to stop"
    ABANDON = "walk away from the life's thread"
    GIVE_UP = "walk away, and from the whole camera too"


@dataclass(frozen=True)
class Seen:
    """What is known at one moment.

    Attributes:
        present: The device is there; None where nobody can know without opening it.
        opened: The life has opened the camera.
        over: The life has ended and released the camera.
        busy: Seconds that the life has been in one call to the driver.
        hung: It ended because the driver hung and its back-end walked away by itself.
        useless: What it gives has not been fit for long, and opening it anew may mend that.
        left_behind: Abandoned threads that have not come back.
    """

    present: bool | None = None
    opened: bool = False
    over: bool = False
    busy: float = 0.0
    hung: bool = False
    useless: bool = False
    left_behind: int = 0


class Reconnect:
    """Decides.

    Args:
        stuck: Seconds that a call to the driver may take.
        give_up: Abandoned lives in a row, without a good frame between them, that are enough.
        backoff: Waits between two tries.

    Attributes:
        phase: Where the camera is.
        failures: Tries in a row that came to nothing.
        abandoned: Lives in a row that had to be abandoned.
        due: When it is opened next, while waiting.
    """

    def __init__(self, stuck: float, give_up: int, backoff: Backoff = BACKOFF) -> None:
        self.phase = Phase.WAITING
        self.failures = self.abandoned = 0
        self.due = float("-inf")
        self._stuck, self._give_up, self._backoff = stuck, give_up, backoff
        self._good: float | None = None  # since when frames have been good

    def good(self, now: float) -> None:
        """A frame was fit to be judged."""
        self.abandoned = 0
        self._good = now if self._good is None else self._good
        # not at the first one: a camera that dies after each would be opened every second
        if now - self._good >= STEADY:
            self.failures = 0

    def step(self, now: float, seen: Seen, chance: float) -> Step:
        """Decide; whoever asks does it at once.

        Args:
            now: Seconds.
            seen: What is known now.
            chance: Uniform in [0, 1), for the jitter.
        """
        if self.phase is Phase.WAITING:
            return self._wait(now, seen)
        if seen.over:
            self._fail(now, chance)
            return self._hung(seen.left_behind) if seen.hung else Step.WAIT
        if seen.busy > self._stuck:
            self._fail(now, chance)
            return self._hung(seen.left_behind + 1)
        if self.phase is Phase.OPENING and seen.opened:
            self.phase = Phase.RUNNING
        if self.phase is Phase.RUNNING and (seen.useless or seen.present is False):
            self.phase = Phase.STOPPING
            return Step.STOP
        return Step.WAIT

    def _wait(self, now: float, seen: Seen) -> Step:
        if seen.present is False:
            # once it is back: at once, but not before udev has given it its group
            self.failures = 0
            self.due = now + self._backoff.first
        if now < self.due:
            return Step.WAIT
        self.phase, self._good = Phase.OPENING, None
        return Step.OPEN

    def _fail(self, now: float, chance: float) -> None:
        self.phase = Phase.WAITING
        self.failures += 1
        self.due = now + self._backoff.wait(self.failures, chance)

    def _hung(self, left_behind: int) -> Step:
        self.abandoned += 1
        too_many = self.abandoned >= self._give_up or left_behind >= LEFT_BEHIND
        return Step.GIVE_UP if too_many else Step.ABANDON
