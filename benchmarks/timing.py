"""Many durations as the few numbers that are told of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def percentiles(spent: Sequence[float]) -> dict[str, float]:
    """Mean, median, 90th and 99th percentile of durations in milliseconds; at least one."""
    p50, p90, p99 = np.percentile(spent, (50, 90, 99))
    return {
        "mean_ms": float(np.mean(spent)),
        "p50_ms": float(p50),
        "p90_ms": float(p90),
        "p99_ms": float(p99),
    }
