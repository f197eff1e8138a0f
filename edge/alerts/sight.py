"""When an operator is told that the device cannot see: pure, in monotonic seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

STEADY = 10.0  # seconds of sight that make 'it sees again'; a loose cable flickers
NEVER = 0.0

Change = Literal["cannot see", "sees again"]


@dataclass
class Sight:
    """Turns a blind or seeing camera into at most one alert a blindness.

    A camera that flickers is one long blindness: it ends only after `STEADY` seconds of sight.

    Attributes:
        after: Seconds of blindness after which to tell; 0 for never.
        told: Whether an alert is out that has not been taken back, also from before a restart.
    """

    after: float
    told: bool = False
    _blind_since: float | None = None
    _sees_since: float | None = None

    def step(self, time: float, blind: bool) -> Change | None:
        """Take in how it is now; what to tell, if anything."""
        if blind:
            self._sees_since = None
            self._blind_since = time if self._blind_since is None else self._blind_since
        elif self._sees_since is None:
            self._sees_since = time
        if self._sees_since is not None and time - self._sees_since >= STEADY:
            self._blind_since = None
            return self._tell_again()
        return self._tell(time)

    def _tell_again(self) -> Change | None:
        if not self.told:
            return None
        self.told = False
        return "sees again"

    def _tell(self, time: float) -> Change | None:
        waited = 0.0 if self._blind_since is None else time - self._blind_since
        if self.told or self.after <= NEVER or waited < self.after:
            return None
        self.told = True
        return "cannot see"

    def give_up(self) -> Change | None:
        """The process is about to end blind; the next one may never get to `after`."""
        if self.told or self.after <= NEVER:
            return None
        self.told = True
        return "cannot see"
