"""The layers' signal-to-noise as a picture, in the order of the graph."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from convert.layers import Layer
from train.report.style import BLUE, FAINT, INK, STYLE, VERMILION

INCHES_A_LAYER = 0.17
NARROWEST = 6.0  # inches
DOTS_AN_INCH = 110
NAMED = 3
CEILING = 60.0  # dB; a thousandth of the signal, which nobody need look into
ROOM = 18.0  # dB below the noisiest, for its name
DEPTHWISE = "DEPTHWISE_CONV_2D"


def draw(layers: Sequence[Layer], path: Path) -> None:
    """Write the picture as PNG.

    A layer above the ceiling, or without any noise, stands at the ceiling.
    """
    heights = np.minimum([one.snr for one in layers], CEILING)
    with mpl.rc_context(STYLE):
        width = max(NARROWEST, 1.2 + INCHES_A_LAYER * len(layers))
        figure = Figure(figsize=(width, 4.6), layout="constrained")
        axes = figure.subplots()
        _curves(axes, layers, heights)
        _names(axes, layers)
        _name_worst(axes, layers, heights)
        # without the library's version, so that the same layers give the same bytes
        figure.savefig(path, format="png", dpi=DOTS_AN_INCH, metadata={"Software": None})


def _curves(axes: Axes, layers: Sequence[Layer], heights: np.ndarray) -> None:
    places = np.arange(len(layers))
    own = np.array([np.nan if one.output_snr is None else one.output_snr for one in layers])
    own = np.minimum(own, CEILING)
    axes.plot(
        places,
        own,
        color=FAINT,
        linewidth=1,
        linestyle=":",
        label="output rounded once, nothing else",
    )
    axes.plot(places, heights, color=FAINT, linewidth=1)
    deep = np.array([one.operation == DEPTHWISE for one in layers])
    axes.plot(
        places[~deep],
        heights[~deep],
        "o",
        color=BLUE,
        markersize=4.5,
        label="other layers, as it runs",
    )
    if deep.any():
        axes.plot(
            places[deep],
            heights[deep],
            "D",
            color=VERMILION,
            markersize=4.5,
            label="depthwise layers, as it runs",
        )
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)
    axes.set_title("What int8 leaves of each layer's output", pad=24)
    axes.set_ylabel("signal to noise, dB")
    axes.set_ylim(min(0.0, float(heights.min()) - ROOM), CEILING + 2)


def _names(axes: Axes, layers: Sequence[Layer]) -> None:
    axes.set_xticks(range(len(layers)), [one.layer for one in layers], rotation=90, fontsize=6.5)
    axes.set_xlim(-0.8, len(layers) - 0.2)
    axes.grid(axis="x", visible=False)


def _name_worst(axes: Axes, layers: Sequence[Layer], heights: np.ndarray) -> None:
    """The noisiest in words, below their marks, one below the other where they are neighbours."""
    noisiest = sorted(np.argsort(heights, kind="stable")[:NAMED])
    for step, place in enumerate(noisiest):
        in_left_half = place < len(layers) / 2
        axes.annotate(
            f"{layers[place].layer}: {heights[place]:.1f} dB",
            (float(place), float(heights[place])),
            xytext=(6 if in_left_half else -6, -16 - 13 * step),
            textcoords="offset points",
            horizontalalignment="left" if in_left_half else "right",
            color=INK,
            fontsize=9,
            arrowprops={"arrowstyle": "-", "color": FAINT, "linewidth": 0.7},
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},  # over another's line
        )
