"""How figures are put into words and cells: the same in the page and in the Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from train.report.style import LABEL_NAMES

# name, key in `score` and `intervals`, whether it is a share to be shown in percent
HEADLINE = (
    ("Accuracy", "accuracy", True),
    ("Balanced accuracy", "balanced_accuracy", True),
    ("Macro F1", "macro_f1", True),
    ("Recall of anger", "anger_recall", True),
    ("Precision of anger", "anger_precision", True),
    ("Average precision of anger", "anger_average_precision", False),
    ("Expected calibration error", "calibration_error", False),
)
NOTHING = "-"


def percent(value: float | None, digits: int = 1) -> str:
    """A share as "64.5%"; a dash for None."""
    return NOTHING if value is None else f"{value:.{digits}%}"


def plain(value: float | None, digits: int = 3) -> str:
    """A number as "0.652"; a dash for None."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def whole(value: int) -> str:
    """A count as "3,589"."""
    return f"{value:,}"


def interval(bounds: list[float] | None, share: bool = True) -> str:
    """An interval as "62.9-66.0%" or "0.631-0.672"; nothing for None."""
    if bounds is None:
        return ""
    low, high = bounds
    return f"{100 * low:.1f}-{high:.1%}" if share else f"{low:.3f}-{high:.3f}"


def headline(scores: Mapping[str, Any], intervals: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row a figure: its name, and for each label set its value and its 95% interval."""
    rows = [
        {
            "name": "Faces",
            "cells": [{"value": whole(one["n"]), "interval": ""} for one in scores.values()],
        }
    ]
    for name, key, share in HEADLINE:
        if not any(key in one for one in scores.values()):
            continue
        show = percent if share else plain
        cells = [
            {
                "value": show(one.get(key)),
                "interval": interval(bounds_of(one, intervals[labels], key), share),
            }
            for labels, one in scores.items()
        ]
        rows.append({"name": name, "cells": cells})
    return rows


def with_interval(cell: Mapping[str, str]) -> str:
    """A cell of `headline` as text: "64.5% (63.0-66.1%)"."""
    return f"{cell['value']} ({cell['interval']})" if cell["interval"] else cell["value"]


def bounds_of(
    scores: Mapping[str, Any], intervals: Mapping[str, Any], key: str
) -> list[float] | None:
    """The 95% interval of one figure: Wilson's for accuracy, as in the card; else bootstrap's."""
    found = scores["accuracy_95"] if key == "accuracy" else intervals.get(key)
    return None if found is None else list(found)


def summary(name: str, split: str, scores: Mapping[str, Any]) -> list[str]:
    """What a reader in a hurry should take away, in a few sentences."""
    right = [
        f"{percent(one['accuracy'])} of {whole(one['n'])} faces by the {LABEL_NAMES[labels]}"
        for labels, one in scores.items()
    ]
    told = [f"On {split}, {name} is right on {' and on '.join(right)}."]
    told += [
        f"By the {LABEL_NAMES[labels]} it finds {percent(one['anger_recall'], 0)} of the angry "
        f"faces, and {percent(one['anger_precision'], 0)} of those that it calls angry are."
        for labels, one in scores.items()
        if one.get("anger_average_precision") is not None
    ]
    return told


def report_rows(scores: Mapping[str, Any], intervals: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The classification report of one label set: a row a class, then the means over classes."""
    rows = [
        {
            "name": name,
            "precision": percent(one["precision"]),
            "recall": percent(one["recall"]),
            "f1": percent(one["f1"]),
            "f1_95": interval(intervals["per_class"][name]["f1"]),
            "roc_auc": plain(one["roc_auc"]),
            "average_precision": plain(one["average_precision"]),
            "n": whole(one["n"]),
            "is_mean": False,
        }
        for name, one in scores["per_class"].items()
    ]
    present = [one for one in scores["per_class"].values() if one["n"]]
    for title, weights in (
        ("mean of classes", [1] * len(present)),
        ("weighted by faces", [one["n"] for one in present]),
    ):
        rows.append(_mean_row(title, present, weights))
    rows[-2]["f1_95"] = interval(intervals["macro_f1"])
    return rows


def _mean_row(title: str, present: list[Mapping[str, Any]], weights: list[int]) -> dict[str, Any]:
    def mean(key: str) -> float | None:
        pairs = [(one[key], w) for one, w in zip(present, weights, strict=True)]
        known = [(value, w) for value, w in pairs if value is not None]
        total = sum(w for _, w in known)
        return sum(value * w for value, w in known) / total if total else None

    return {
        "name": title,
        **{key: percent(mean(key)) for key in ("precision", "recall", "f1")},
        "f1_95": "",
        "roc_auc": plain(mean("roc_auc")),
        "average_precision": plain(mean("average_precision")),
        "n": whole(sum(one["n"] for one in present)),
        "is_mean": True,
    }


def size(count: int) -> str:
    """Bytes as "8.9 MB"."""
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"
