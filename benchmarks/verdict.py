"""Whether a figure has changed, and for the better or the worse."""

from __future__ import annotations

import math
from typing import Literal

from benchmarks.result import Figure

BAND = 0.3  # of the value before, either way: an unexpected gain is as suspicious as a loss
# of what no clock decides: a face or two of FER-2013's thousands, where kernels round differently
TOLERANCE = 1e-3

Verdict = Literal["better", "worse", "same", "changed"]


def judge(figure: Figure, before: float, band: float = BAND) -> Verdict:
    """What became of a figure.

    Args:
        figure: As it is now.
        before: Its value then.
        band: The share of `before` within which a timed figure counts as the same.

    Returns:
        `changed` for a figure of which neither way is better.
    """
    reach = (band if figure.timed else TOLERANCE) * abs(before)
    # a rounding of the last digit must not decide
    if abs(figure.value - before) <= reach * (1 + 1e-9):
        return "same"
    if figure.better == "none":
        return "changed"
    return "better" if (figure.value < before) == (figure.better == "lower") else "worse"


def ratio(value: float, before: float) -> float | None:
    """`value` by `before`; None where that says nothing: either is not above zero."""
    found = value / before if value > 0 and before > 0 else math.inf
    return found if math.isfinite(found) else None
