"""Labelled faces through the whole chain: set into frames, found, cropped, read."""

from benchmarks.end_to_end.charts import charts, figures
from benchmarks.end_to_end.measure import MARGINS, SIZES, measure
from benchmarks.end_to_end.text import as_text

__all__ = ["MARGINS", "SIZES", "as_text", "charts", "figures", "measure"]
