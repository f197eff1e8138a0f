"""The curves of several runs in one chart each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from train.report.curves import METRICS, TALL, metrics
from train.report.style import LABEL_NAMES, SERIES, Picture, as_picture, chart, legend_below
from train.report.subject import Log

DASHES = ("-", "--", "-.", ":")


def overlaid(logs: Mapping[str, Log]) -> list[Picture]:
    """Validation loss, then each metric under each label set, a line a run."""
    columns = {"val_loss": ("Loss on PublicTest", 1.0)}
    names = dict.fromkeys(name for log in logs.values() for name in metrics(log))
    for labels, told in LABEL_NAMES.items():
        for name in names:
            title = METRICS.get(name, name.replace("_", " "))
            columns[f"val_{labels}_{name}"] = (f"{title}, {told}", 100.0)
    drawn = (_lines(logs, column, title, scale) for column, (title, scale) in columns.items())
    return [one for one in drawn if one is not None]


def _lines(logs: Mapping[str, Log], column: str, title: str, scale: float) -> Picture | None:
    found = {
        name: log for name, log in logs.items() if column in log and np.isfinite(log[column]).any()
    }
    if not found:
        return None
    ends = []
    with chart(title, height=TALL) as (figure, axes):
        for index, (name, log) in enumerate(logs.items()):
            if name not in found:  # keeps its colour free, so that it is the same in every chart
                continue
            values = scale * log[column]
            epochs = log.get("epoch", np.arange(1, len(values) + 1))
            dashes = DASHES[index // len(SERIES) % len(DASHES)]
            axes.plot(epochs, values, dashes, color=SERIES[index % len(SERIES)], label=name)
            ends.append(f"{name} {values[np.isfinite(values)][-1]:.4g}")
        axes.set_xlabel("epoch")
        axes.set_ylabel("%" if scale > 1 else "cross-entropy, nats")
        legend_below(figure)
    return as_picture(figure, f"{title} over the epochs. At the last: {', '.join(ends)}.")
