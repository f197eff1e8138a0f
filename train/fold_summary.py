"""Several folds' metrics as one figure each, with an interval that owns up to being over folds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from scipy.stats import t as student_t

from train.table import markdown_table

SHOWN = ("accuracy", "macro_f1", "anger_recall", "anger_precision", "calibration_error")
LABEL_SETS = {"original": "FER-2013", "ferplus": "FER+"}

Metrics = Mapping[str, Any]  # what `fit` returns


def corrected_interval(values: Sequence[float], folds: int) -> tuple[float, float, float, float]:
    """Mean, standard deviation and 95% interval of one metric over the folds.

    Folds share most of their training faces, so their spread over the square root of their number
    would promise too much. The variance is enlarged by test size over training size, as Nadeau and
    Bengio (2003) derive and Bouckaert and Frank (2004) use for repeated folds.

    Args:
        values: One a fold, of all repeats.
        folds: Folds a repeat, at least 2.

    Returns:
        Mean, standard deviation (n - 1), low and high end; a single value has no spread, and its
        interval is everything (-inf, inf).
    """
    count = len(values)
    mean = math.fsum(values) / count
    if count < 2:
        return mean, 0.0, -math.inf, math.inf
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    half = float(student_t.ppf(0.975, count - 1)) * sd * math.sqrt(1 / count + 1 / (folds - 1))
    return mean, sd, mean - half, mean + half


def summarise(runs: Sequence[Metrics], folds: int) -> dict[str, dict[str, dict[str, Any]]]:
    """Every number that `train.metrics.score_both` gives, over the folds.

    Args:
        runs: What `fit` returned for each fold; its `PublicTest` is the part held out.
        folds: Folds a repeat.

    Returns:
        `{"original": {"accuracy": {"mean", "sd", "interval_95": [low, high], "n"}, ...}, ...}`;
        a metric that some fold has no value for is left out.
    """
    held = [run["PublicTest"] for run in runs]
    return {
        labels: {
            name: _told([both[labels][name] for both in held], folds)
            for name in held[0][labels]
            if name != "n" and all(_is_number(both[labels].get(name)) for both in held)
        }
        for labels in held[0]
        if all(labels in both for both in held)
    }


def _told(values: Sequence[float], folds: int) -> dict[str, Any]:
    mean, sd, low, high = corrected_interval(values, folds)
    return {"mean": mean, "sd": sd, "interval_95": [low, high], "n": len(values)}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def fold_table(
    names: Sequence[str], runs: Sequence[Metrics], summary: Mapping[str, Mapping[str, Any]]
) -> str:
    """Markdown, in percent: a row a fold, then mean, standard deviation and interval.

    Args:
        names: Of the folds, in the order of `runs`.
        summary: As `summarise` returns it.
    """
    columns = [
        (labels, metric) for labels in summary for metric in SHOWN if metric in summary[labels]
    ]
    head = ["fold", "faces", *(f"{LABEL_SETS[one]} {_word(metric)}" for one, metric in columns)]
    rows = []
    for name, run in zip(names, runs, strict=True):
        held = run["PublicTest"]
        shares = [_percent(held[labels][metric]) for labels, metric in columns]
        rows.append([name, str(held["original"]["n"]), *shares])
    found = [summary[labels][metric] for labels, metric in columns]
    rows.append(["**mean**", "", *(_percent(one["mean"]) for one in found)])
    rows.append(["sd over folds", "", *(_percent(one["sd"]) for one in found)])
    rows.append(["95% over folds", "", *(_range(*one["interval_95"]) for one in found)])
    return markdown_table(head, rows)


def _word(metric: str) -> str:
    return metric.replace("_", " ")


def _percent(value: float) -> str:
    return f"{100 * value:.2f}"


def _range(low: float, high: float) -> str:
    return f"{100 * low:.1f}-{100 * high:.1f}" if math.isfinite(low) else "-"
