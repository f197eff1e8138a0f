"""How every chart looks: one style, colours that colour-blind readers can tell apart, as SVG.

Charts are `Figure` objects without pyplot, whose state is global. Letters become outlines, so that
a chart looks the same wherever the report is opened.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

# Okabe and Ito 2008
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
)
SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
INK, FAINT = "#222222", "#8a8a8a"
LABEL_COLOURS = {"original": BLUE, "ferplus": VERMILION}
LABEL_NAMES = {"original": "FER-2013 labels", "ferplus": "FER+ majority"}
WIDTH, HEIGHT = 5.2, 3.7  # inches; the page shows them at about 100 dots an inch
STYLE: Any = {  # matplotlib's own type for this names every key there is
    "font.size": 10,
    "font.family": "DejaVu Sans",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.fonttype": "path",
    "svg.hashsalt": "edge-emotion",  # the same chart gives the same file
    "figure.facecolor": "white",
}
OVERLAY = colormaps["inferno"]
STRONGEST = 0.7  # opacity of the overlay where attention is highest


@dataclass(frozen=True)
class Picture:
    """Something to look at.

    Attributes:
        uri: A `data:` address that holds the picture itself.
        alt: What it shows, for who cannot see it.
        title: Its heading.
        lines: What stands below it.
    """

    uri: str
    alt: str
    title: str = ""
    lines: tuple[str, ...] = ()


@contextmanager
def chart(
    title: str, width: float = WIDTH, height: float = HEIGHT
) -> Iterator[tuple[Figure, Axes]]:
    """A figure with one pair of axes to draw on, in the style of the report."""
    with panels(title, (1,), width, height) as (figure, axes):
        yield figure, axes[0]


@contextmanager
def panels(
    title: str, ratios: Sequence[float], width: float = WIDTH, height: float = HEIGHT
) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure with axes below each other, as tall as `ratios` say, that share their x axis."""
    with mpl.rc_context(STYLE):
        figure = Figure((width, height), layout="constrained")
        axes = figure.subplots(
            len(ratios), sharex=True, squeeze=False, gridspec_kw={"height_ratios": ratios}
        )[:, 0]
        axes[0].set_title(title)
        yield figure, list(axes)


def legend_below(figure: Figure, columns: int = 2) -> None:
    """One legend for all axes, where it hides nothing."""
    told: dict[str, Any] = {}
    for axes in figure.axes:
        handles, labels = axes.get_legend_handles_labels()
        told |= dict(zip(labels, handles, strict=True))
    figure.legend(told.values(), told.keys(), loc="outside lower center", ncols=columns)


def as_picture(figure: Figure, alt: str, *lines: str) -> Picture:
    """The finished figure, drawn."""
    file = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(file, format="svg", metadata={"Date": None})
    return Picture(_uri("image/svg+xml", file.getvalue()), alt, lines=lines)


def png(pixels: NDArray[np.uint8], alt: str, title: str = "", *lines: str) -> Picture:
    """(h, w) grey or (h, w, 3) RGB uint8 as a picture."""
    flat = pixels if pixels.ndim == 2 else pixels[..., ::-1]
    coded = cv2.imencode(".png", flat)[1]
    return Picture(_uri("image/png", coded.tobytes()), alt, title, lines)


def overlay(face: NDArray[np.uint8], attention: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Draw attention over a face.

    Args:
        face: (h, w) uint8.
        attention: (m, n), any scale; brought to the size of the face, and stretched from its
            least, where the face shows through, to its most.

    Returns:
        (h, w, 3) uint8 RGB.
    """
    height, width = face.shape
    level = cv2.resize(attention, (width, height), interpolation=cv2.INTER_LINEAR)
    level = level - float(level.min())
    level = (level / max(float(level.max()), 1e-9))[..., None]
    colour = 255 * OVERLAY(level[..., 0])[..., :3]
    mixed = face[..., None] * (1 - STRONGEST * level) + colour * STRONGEST * level
    return np.asarray(np.round(mixed), dtype=np.uint8)


def enlarged(face: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """(side, side) uint8, smooth."""
    return np.asarray(cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
