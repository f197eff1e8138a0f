"""When a search ends. Pure: time comes in as seconds, the decision goes out as words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from train.search.trials import Trial

GIVE_UP = 3  # failures one after the other, after which it is not the values that are wrong


@dataclass(frozen=True)
class Budget:
    """What a search may use.

    Attributes:
        minutes: Of wall-clock, over all sessions of a resumed search; infinite for no bound.
        max_trials: 0 for no bound.
    """

    minutes: float = math.inf
    max_trials: int = 0

    def why_end(self, trials: Sequence[Trial], spent: float, failures: int = 0) -> str:
        """Why no other trial should begin; empty if one should.

        A trial that would in all likelihood not be over in time is not begun, so the budget holds
        but for the first one.

        Args:
            trials: Those that are over.
            spent: Seconds since the beginning.
            failures: How many of this session's last trials failed one after the other.
        """
        if failures >= GIVE_UP:
            return f"{failures} trials failed one after the other ({trials[-1].reason})"
        if self.max_trials and len(trials) >= self.max_trials:
            return f"all {self.max_trials} trials are done"
        left = 60 * self.minutes - spent
        if left <= 0:
            return f"{self.minutes:g} minutes are over"
        done = [one.seconds for one in trials if one.status == "done"]
        usual = sum(done) / len(done) if done else 0.0
        if usual > left:
            return (
                f"what is left of {self.minutes:g} minutes, {left:.0f} s, is less than a trial "
                f"takes, {usual:.0f} s"
            )
        return ""
