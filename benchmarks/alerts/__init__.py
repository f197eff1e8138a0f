"""Visits of held-out faces: does the rule tell of anger, how soon, and how often wrongly."""

from benchmarks.alerts.drawn import charts, figures
from benchmarks.alerts.judge import measure
from benchmarks.alerts.text import as_text

__all__ = ["as_text", "charts", "figures", "measure"]
