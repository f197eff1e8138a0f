"""Milliseconds: of every model file, of every stage of the pipeline, of whole frames."""

from benchmarks.latency.charts import charts
from benchmarks.latency.measure import figures, measure
from benchmarks.latency.plan import FULL, QUICK, Plan
from benchmarks.latency.text import as_text

__all__ = ["FULL", "QUICK", "Plan", "as_text", "charts", "figures", "measure"]
