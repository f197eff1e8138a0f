"""The layers' signal-to-noise as a table, a file and a picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from pathlib import Path

from convert.layers import Layer
from convert.layers_chart import draw
from edge.files import replacing, write_text
from train.table import markdown_table


def worst(layers: Sequence[Layer], count: int) -> list[Layer]:
    """The layers with the least signal-to-noise, the noisiest first."""
    return sorted(layers, key=lambda one: one.snr)[:count]


def as_text(layers: Sequence[Layer], count: int = 10) -> str:
    """A Markdown table of the noisiest layers."""
    head = ("layer", "operation", "output", "dB", "of the output", "of the weights", "spread", "kB")
    rows = [
        (
            one.layer,
            one.operation,
            one.shape,
            *(_number(value) for value in (one.snr, one.output_snr, one.weights_snr, one.spread)),
            f"{one.weight_bytes / 1000:.1f}",
        )
        for one in worst(layers, count)
    ]
    return markdown_table(head, rows)


def write(layers: Sequence[Layer], folder: Path, name: str) -> list[str]:
    """Write `<name>-layers.csv` and `<name>-layers.png`, the same bytes for the same layers.

    Returns:
        Their names.

    Raises:
        OutputError: they cannot be written.
    """
    names = [f"{name}-layers.csv", f"{name}-layers.png"]
    write_text(folder / names[0], _as_csv(layers))
    with replacing(folder / names[1]) as beside:
        draw(layers, beside)
    return names


def _as_csv(layers: Iterable[Layer]) -> str:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(one.name for one in fields(Layer))
    for one in layers:
        lines.writerow(_cell(value) for value in astuple(one))
    return text.getvalue()


def _cell(value: object) -> object:
    return f"{value:.2f}" if isinstance(value, float) else value


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
