"""How long to wait before trying again: longer each time, and never all at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Exponential waiting with jitter.

    Attributes:
        first: Seconds before the first retry.
        factor: By which each wait is longer than the one before.
        most: Seconds that no wait exceeds.
        jitter: Share by which a wait is shortened at random, so that a hundred devices do not
            come back at the same second when their broker does.
    """

    first: float = 1.0
    factor: float = 2.0
    most: float = 60.0
    jitter: float = 0.3

    def wait(self, failures: int, chance: float) -> float:
        """Seconds to wait.

        Args:
            failures: In a row, the newest included; 1 or more.
            chance: Uniform in [0, 1), drawn by the caller.
        """
        # the exponent is bounded, since a year of failures would overflow a float
        longest = min(self.most, self.first * self.factor ** min(failures - 1, 64))
        return longest * (1 - self.jitter * chance)
