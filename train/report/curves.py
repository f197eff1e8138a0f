"""How a training went: `log.csv` as curves, and how far each figure spread over the epochs."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from train.report.style import (
    FAINT,
    GREEN,
    INK,
    LABEL_COLOURS,
    LABEL_NAMES,
    Picture,
    as_picture,
    chart,
    legend_below,
)
from train.report.subject import Log

METRICS = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "anger_recall": "Recall of anger",
    "anger_precision": "Precision of anger",
}
SHORT = {"anger_recall": "anger\nrecall", "anger_precision": "anger\nprecision"}
SIDES = {"train": ("Training", "--", 0.6), "val": ("PublicTest", "-", 1.0)}
TALL = 4.2  # inches, with the legend below
COLUMN = re.compile(r"(train|val)_(original|ferplus)_(\w+)")


def curves(log: Log) -> list[Picture]:
    """One chart of the loss, one of each metric, one of the learning rate; what the log has."""
    if not log:
        return []
    charts = [_loss(log), *(_metric(log, name) for name in metrics(log))]
    if _has(log, "learning_rate"):
        charts.append(_learning_rate(log))
    return [one for one in charts if one]


def metrics(log: Log) -> list[str]:
    """Names of the metrics in the log, the known ones first."""
    found = {match[3] for name in log if (match := COLUMN.fullmatch(name)) and _has(log, name)}
    return [name for name in METRICS if name in found] + sorted(found - set(METRICS))


def distributions(log: Log) -> list[Picture]:
    """For each label set, a box of each metric over the epochs, for train and validation."""
    return [made for labels in LABEL_NAMES if (made := _boxes(log, labels)) is not None]


def best_epoch(log: Log) -> int | None:
    """The epoch whose validation accuracy, over the label sets in the mean, is highest.

    It is the one that `edge-train fit` keeps.
    """
    columns = [log[name] for name in _accuracies(log)]
    mean = np.mean(columns, axis=0) if columns else np.zeros(0)
    if not np.isfinite(mean).any():
        return None
    return int(_epochs(log)[int(np.nanargmax(mean))])


def _accuracies(log: Log) -> list[str]:
    return [
        f"val_{labels}_accuracy" for labels in LABEL_NAMES if _has(log, f"val_{labels}_accuracy")
    ]


def _loss(log: Log) -> Picture | None:
    lines = {
        "loss": ("while training, distorted", ":", FAINT),
        "train_loss": ("Training", "--", INK),
        "val_loss": ("PublicTest", "-", INK),
    }
    found = {name: how for name, how in lines.items() if _has(log, name)}
    if not found:
        return None
    with chart("Loss", height=TALL) as (figure, axes):
        for name, (label, dashes, colour) in found.items():
            axes.plot(_epochs(log), log[name], dashes, color=colour, label=label)
        axes.set_ylabel("cross-entropy, nats")
        _finish(figure, axes, log)
    ends = "; ".join(f"{how[0]} {_last(log[name]):.3f}" for name, how in found.items())
    return as_picture(figure, f"Loss over the epochs. At the last: {ends}.")


def _metric(log: Log, name: str) -> Picture | None:
    title, ends = METRICS.get(name, name.replace("_", " ")), []
    with chart(title, height=TALL) as (figure, axes):
        for labels, colour in LABEL_COLOURS.items():
            for side, (told, dashes, opacity) in SIDES.items():
                column = f"{side}_{labels}_{name}"
                if not _has(log, column):
                    continue
                label = f"{told}, {LABEL_NAMES[labels]}"
                axes.plot(
                    _epochs(log),
                    100 * log[column],
                    dashes,
                    color=colour,
                    alpha=opacity,
                    label=label,
                )
                ends.append(f"{label} {_last(log[column]):.1%}")
        axes.set_ylabel("%")
        _finish(figure, axes, log)
    return as_picture(figure, f"{title} over the epochs. At the last: {'; '.join(ends)}.")


def _learning_rate(log: Log) -> Picture:
    with chart("Learning rate", height=TALL) as (figure, axes):
        axes.plot(_epochs(log), log["learning_rate"], color=GREEN)
        axes.set_yscale("log")
        _finish(figure, axes, log, legend=False)
    top = np.nanmax(log["learning_rate"])
    return as_picture(figure, f"Learning rate over the epochs, at most {top:.2g}.")


def _boxes(log: Log, labels: str) -> Picture | None:
    names = [one for one in metrics(log) if _has(log, f"val_{labels}_{one}")]
    if not names:
        return None
    told = []
    with chart(f"Spread over the epochs, {LABEL_NAMES[labels]}", height=TALL) as (figure, axes):
        for side, shift in (("train", -0.19), ("val", 0.19)):
            values = [_finite(log.get(f"{side}_{labels}_{one}")) * 100 for one in names]
            boxes = axes.boxplot(
                values,
                positions=np.arange(len(names)) + shift,
                widths=0.32,
                patch_artist=True,
                manage_ticks=False,
                medianprops={"color": INK, "linewidth": 1.6},
                flierprops={"markersize": 3, "markeredgecolor": FAINT},
            )
            for box in boxes["boxes"]:
                box.set_facecolor(LABEL_COLOURS[labels])
                box.set_alpha(SIDES[side][2] * 0.55)
            boxes["boxes"][0].set_label(SIDES[side][0])
            told += [
                f"{one.replace('_', ' ')} ({side}) {np.median(v):.1f}%"
                for one, v in zip(names, values, strict=True)
                if len(v)
            ]
        shown = [SHORT.get(one, METRICS.get(one, one).replace(" ", "\n").lower()) for one in names]
        axes.set_xticks(range(len(names)), shown)
        axes.set_ylabel("%")
        axes.grid(visible=False, axis="x")
        legend_below(figure)
    return as_picture(
        figure,
        f"Boxes of each metric over the epochs under {LABEL_NAMES[labels]}. "
        f"Medians: {', '.join(told)}.",
    )


def _finish(figure: Figure, axes: Axes, log: Log, legend: bool = True) -> None:
    """Mark the epoch that was kept and where a stage began."""
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    epoch = best_epoch(log)
    if epoch is not None:
        axes.axvline(epoch, color=GREEN, linewidth=1.2, label=f"kept: epoch {epoch}")
    for start, name in stage_starts(log):
        axes.axvline(start - 0.5, color=FAINT, linewidth=1, linestyle=(0, (1, 2)))
        where: Any = {"xytext": (3, -2), "textcoords": "offset points", "va": "top", "color": FAINT}
        axes.annotate(name, (start - 0.5, 1), xycoords=("data", "axes fraction"), **where)
    if legend:
        legend_below(figure)


def stage_starts(log: Log) -> list[tuple[int, str]]:
    """The epochs, but for the first, at which a new stage begins, and its name."""
    if "stage" not in log:
        return []
    stage = log["stage"]
    changes = np.flatnonzero(stage[1:] != stage[:-1]) + 1
    return [(int(_epochs(log)[i]), str(stage[i])) for i in changes]


def _epochs(log: Log) -> NDArray[np.float64]:
    any_column = next(iter(log.values()))
    return log.get("epoch", np.arange(1.0, len(any_column) + 1))


def _has(log: Log, name: str) -> bool:
    return name in log and bool(np.isfinite(log[name]).any())


def _finite(values: NDArray[np.float64] | None) -> NDArray[np.float64]:
    return np.zeros(0) if values is None else values[np.isfinite(values)]


def _last(values: NDArray[np.float64]) -> float:
    return float(_finite(values)[-1])
