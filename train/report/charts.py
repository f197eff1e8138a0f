"""Charts of one network's figures: confusion, classes, calibration, precision and recall."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.metrics import ANGER, label_sets, precision_recall
from train.report.figures import Measured
from train.report.style import (
    BLUE,
    FAINT,
    INK,
    LABEL_COLOURS,
    LABEL_NAMES,
    ORANGE,
    Picture,
    as_picture,
    chart,
    legend_below,
    panels,
)

MARKERS = {"recall 0.5": "o", "recall 0.8": "s", "recall 0.9": "D"}
DARK = 0.5  # of the colour scale, from which letters are white


def confusion(scores: dict[str, Any], labels: str, normalised: bool) -> Picture:
    """The confusion matrix, as counts or as shares of each true class (rows add up to 100)."""
    names = list(scores["per_class"])
    counts = np.array(scores["confusion"])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    title = f"{'Shares of each row, %' if normalised else 'Faces'} · {LABEL_NAMES[labels]}"
    with chart(title, height=4.4) as (figure, axes):
        # counts are coloured by share, too, or the largest class would leave the others white
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for truth, told in np.ndindex(counts.shape):
            value = f"{100 * shares[truth, told]:.0f}" if normalised else str(counts[truth, told])
            colour = "white" if shares[truth, told] > DARK else INK
            axes.text(told, truth, value, ha="center", va="center", color=colour)
        axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
        axes.set_yticks(range(len(names)), names)
        axes.set_xlabel("called")
        axes.set_ylabel("is")
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
    right = ", ".join(f"{name} {counts[i, i]} of {counts[i].sum()}" for i, name in enumerate(names))
    kind = "in percent of each row" if normalised else "in faces"
    alt = f"Confusion matrix {kind}, {LABEL_NAMES[labels]}. Called what they are: {right}."
    return as_picture(figure, alt)


def per_class(measured: Measured) -> Picture:
    """F1 of each class with its 95% interval, under both label sets."""
    names = measured.faces.classes
    told = []
    with chart("F1 of each class, with its 95% interval", height=4.0) as (figure, axes):
        for shift, (labels, scores) in zip((-0.13, 0.13), measured.scores.items(), strict=False):
            bounds = measured.intervals[labels]["per_class"]
            present = [i for i, name in enumerate(names) if bounds[name]["f1"] is not None]
            values = np.array([scores["per_class"][names[i]]["f1"] for i in present])
            ends = np.array([bounds[names[i]]["f1"] for i in present]).reshape(-1, 2)
            reach = np.abs(ends.T - values)
            axes.errorbar(
                100 * values,
                np.array(present) + shift,
                xerr=100 * reach,
                fmt="o" if labels == "original" else "s",
                color=LABEL_COLOURS[labels],
                capsize=3,
                label=LABEL_NAMES[labels],
            )
            told += [
                f"{names[i]} {value:.1%} ({LABEL_NAMES[labels]})"
                for i, value in zip(present, values, strict=True)
            ]
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.set_xlabel("%")
        legend_below(figure)
    return as_picture(figure, f"F1 of each class: {', '.join(told)}.")


def reliability_diagram(told: dict[str, Any], labels: str, temperature: float) -> Picture:
    """Accuracy against confidence, with the number of faces in each bin below it.

    Args:
        told: One label set's part of `train.report.figures.calibration`.
    """
    bins = {key: np.array(values) for key, values in told["bins"].items()}
    width = bins["high"] - bins["low"]
    title = f"Calibration · {LABEL_NAMES[labels]}"
    with panels(title, (4, 1), height=4.9) as (figure, (axes, below)):
        fill: Any = {"color": LABEL_COLOURS[labels], "alpha": 0.7}
        look: Any = {"align": "edge", "edgecolor": "white", "linewidth": 0.8}
        axes.bar(bins["low"], bins["accuracy"], width, label="right", **look, **fill)
        axes.plot([0, 1], [0, 1], "--", color=INK, linewidth=1.2, label="as it should be")
        axes.plot(bins["confidence"], bins["accuracy"], "o", color=INK, ms=3.5, label="mean of bin")
        axes.set_ylabel("share that is right")
        axes.set_ylim(0, 1)
        legend_below(figure, 3)
        below.bar(bins["low"], bins["n"], width, color=FAINT, **look)
        below.set_ylabel("faces")
        below.set_xlabel(f"probability of the class that is told, at temperature {temperature:.2f}")
        below.set_xlim(0, 1)
    alt = (
        f"Reliability diagram, {LABEL_NAMES[labels]}: expected calibration error "
        f"{told['error']:.3f} over {len(width)} bins and {int(bins['n'].sum())} faces."
    )
    return as_picture(figure, alt)


def anger_curve(measured: Measured, points: dict[str, Any]) -> Picture | None:
    """Precision against recall of anger under both label sets, operating points marked.

    None where no face is angry.
    """
    if ANGER not in measured.faces.classes:
        return None
    angry = measured.faces.classes.index(ANGER)
    told = []
    with chart("Anger: precision against recall", height=4.2) as (figure, axes):
        for labels, (chosen, truth) in label_sets(measured.faces).items():
            scores, positive = measured.probabilities[chosen, angry], truth == angry
            if not positive.any():
                continue
            precision, recall, _ = precision_recall(scores, positive)
            area = measured.scores[labels]["anger_average_precision"]
            name = f"{LABEL_NAMES[labels]}: AP {area:.3f}"
            colour = LABEL_COLOURS[labels]
            axes.step(recall, precision, where="post", color=colour, label=name)
            axes.axhline(positive.mean(), color=colour, linewidth=1, linestyle=":")
            told.append(f"{name}, {_mark(axes, points[labels], colour)}")
        axes.plot([], [], ":", color=FAINT, label="said at random")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("recall: angry faces that are found")
        axes.set_ylabel("precision: found faces that are angry")
        legend_below(figure)
    if not told:
        return None
    return as_picture(figure, f"Precision against recall of anger. {'; '.join(told)}.")


def _mark(axes: Any, points: dict[str, Any], colour: str) -> str:
    told = []
    for name, point in points.items():
        if point["precision"] is None:
            continue
        recall = float(name.removeprefix("recall "))
        axes.plot(recall, point["precision"], MARKERS[name], color=colour, ms=7, mec="white")
        axes.annotate(
            f"≥ {point['threshold']:.2f}",
            (recall, point["precision"]),
            xytext=(5, 5),
            textcoords="offset points",
            fontsize=8.5,
        )
        told.append(f"precision {point['precision']:.3f} at {name}")
    return ", ".join(told)


def bands(shares: dict[str, dict[str, float]], even: dict[str, float]) -> Picture:
    """Share of the attention on each band of the face, beside the band's share of the area.

    Args:
        shares: By the group's name, the share of each band.
        even: The share of each band if attention lay evenly.
    """
    names = list(even)
    with chart("Attention by part of the face", height=3.9) as (figure, axes):
        places: NDArray[np.float64] = np.arange(len(names), dtype=float)
        tall = 0.8 / max(len(shares), 1)
        for index, (name, told) in enumerate(shares.items()):
            values = [100 * told[band] for band in names]
            colour = (ORANGE, BLUE)[index % 2]
            axes.barh(places + (index - 0.5) * tall, values, tall * 0.92, color=colour, label=name)
        for place, band in zip(places, names, strict=True):
            axes.plot(
                [100 * even[band]] * 2,
                [place - 0.42, place + 0.42],
                color=INK,
                linewidth=1.5,
                label="if it lay evenly" if place == 0 else None,
            )
        axes.set_yticks(places, names)
        axes.invert_yaxis()
        axes.set_xlabel("% of the attention")
        axes.grid(visible=False, axis="y")
        legend_below(figure, 3)
    told_all = "; ".join(
        f"{name}: " + ", ".join(f"{band} {told[band]:.0%}" for band in names)
        for name, told in shares.items()
    )
    return as_picture(figure, f"Share of attention on each part of the face. {told_all}.")
