"""What a benchmark wants drawn, as data; `edge-bench report` draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Series:
    """One line, or one group of bars.

    Attributes:
        name: For the legend.
        x: Numbers, or the names of bars.
        y: As many numbers.
        spread: As many (low, high), drawn as error bars or a band; none if empty.

    Raises:
        ValueError: they are not as many.
    """

    name: str
    x: Sequence[float] | Sequence[str]
    y: Sequence[float]
    spread: Sequence[tuple[float, float]] = ()

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y) or (self.spread and len(self.spread) != len(self.y)):
            raise ValueError(
                f"{self.name}: {len(self.x)} x, {len(self.y)} y and {len(self.spread)} spreads"
            )


@dataclass(frozen=True)
class Chart:
    """One picture.

    Attributes:
        title: What it answers.
        kind: Lines over numbers, horizontal bars over names, the same with the series one after the
            other in a bar, or points.
        x_label: With its unit; of bars, of their length.
        y_label: With its unit; empty for bars.
        series: At least one.
        note: One sentence below it on how to read it.
        log_x: A logarithmic x axis.
        marks: Values of x at which a vertical line is drawn, with their names.
    """

    title: str
    kind: Literal["line", "bar", "stacked", "points"]
    x_label: str
    y_label: str
    series: Sequence[Series]
    note: str = ""
    log_x: bool = False
    marks: Sequence[tuple[float, str]] = ()
