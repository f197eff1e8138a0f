"""What a person asks of a conversion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from convert.formats import FORMATS, Format

MAX_DROP = 0.005  # of accuracy, quantised under float
AWARE = ("auto", "never", "always")
MINUTES = 30.0
LEAST, MOST = 2, 64  # faces in a batch


@dataclass(frozen=True)
class Plan:
    """How to convert a model.

    Attributes:
        formats: The files to make.
        labels: What the probabilities are to mean: `fer2013`, that a label of FER-2013 is so;
            `ferplus`, how many annotators would say so; `both`, something in between.
        max_drop: Accuracy that a quantised file may lose on PublicTest, 0 to 1.
        keep_float: Names of Keras layers that stay float in the int8 files.
        pinned: A list of the faces to take ranges from, as an earlier conversion wrote it; the
            usual choice if None.
        batch: Faces at a time that a second file of each ONNX file takes; 0 for no such file.
        aware: When to fine-tune with quantisation in the loop: `always`, `never`, or `auto`, if
            more than `max_drop` is lost without.
        aware_minutes: How long that may take.
    """

    formats: tuple[Format, ...] = FORMATS
    labels: str = "both"
    max_drop: float = MAX_DROP
    keep_float: tuple[str, ...] = ()
    pinned: Path | None = None
    batch: int = 0
    aware: str = "auto"
    aware_minutes: float = MINUTES
