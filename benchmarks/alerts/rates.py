"""From alerts to rates with their intervals; the face is the unit of independence.

Visits of one face tell little more than one visit of it, so a face's visits are averaged first and
only faces are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.alerts.traffic import AN_HOUR, shares
from train.metrics import wilson_interval

SOON = 6.0  # seconds within which an alert is worth most
_DRAWS = 200_000  # of a gamma distribution, for its quantiles without SciPy

Floats = NDArray[np.floating[Any]]


def share_told(delays: Sequence[Sequence[float]], within: float) -> dict[str, Any]:
    """Share of angry visits told of within so many seconds, with its 95% interval over faces.

    Args:
        delays: By face, of each visit the seconds to its first alert; infinite without one.
    """
    faces = [float(np.mean(np.array(visits) <= within)) for visits in delays]
    interval = wilson_interval(round(sum(faces)), len(faces))
    return {"share": float(np.mean(faces)) if faces else 0.0, "interval_95": list(interval)}


def weights(classes: NDArray[np.str_]) -> Floats:
    """(n,) calm visits an hour that each face stands for; 0 for an angry one."""
    found = np.zeros(len(classes))
    for name, share in shares(classes).items():
        chosen = classes == name
        found[chosen] = AN_HOUR * share / chosen.sum()
    return found


def an_hour(counts: Floats, weight: Floats) -> dict[str, Any]:
    """False alerts in an hour of calm traffic, with their 95% interval.

    The interval is Fay and Feuer's (1997) for a weighted sum of Poisson counts, which says
    something even where there was no alert at all.

    Args:
        counts: (n,) alerts a visit of each face, mean over its visits.
        weight: (n,) visits an hour that it stands for.
    """
    rate, largest = float(counts @ weight), float(weight.max(initial=0.0))
    variance = float((weight**2 * counts**2).sum())
    low = _gamma(0.025, rate, variance) if rate > 0 else 0.0
    high = _gamma(0.975, rate + largest, variance + largest**2) if largest > 0 else 0.0
    return {"an_hour": rate, "interval_95": [low, high]}


def _gamma(level: float, mean: float, variance: float) -> float:
    """A quantile of the gamma distribution with this mean and variance."""
    drawn = np.random.default_rng(1997).standard_gamma(mean**2 / variance, _DRAWS)
    return float(np.quantile(drawn, level) * variance / mean)


def by_class(counts: Floats, classes: NDArray[np.str_]) -> dict[str, dict[str, float]]:
    """What each class of calm face has part in the false alerts."""
    told = {}
    for name, share in shares(classes).items():
        chosen = counts[classes == name]
        told[name] = {
            "faces": len(chosen),
            "traffic": share,
            "faces_with_alert": int((chosen > 0).sum()),
            "an_hour": float(AN_HOUR * share * chosen.mean()),
        }
    return told


def delay(delays: Sequence[Sequence[float]]) -> dict[str, float | None]:
    """Median and p90 of the seconds to the first alert, of the visits that had one."""
    had = [seconds for visits in delays for seconds in visits if np.isfinite(seconds)]
    if not had:
        return {"median_s": None, "p90_s": None}
    return {"median_s": float(np.median(had)), "p90_s": float(np.quantile(had, 0.9))}
