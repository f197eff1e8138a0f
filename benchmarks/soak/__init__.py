"""The real service for minutes or hours: does anything grow, is anything lost."""

from benchmarks.soak.limits import Limits
from benchmarks.soak.measure import Plan, measure
from benchmarks.soak.told import as_text, charts, figures

__all__ = ["Limits", "Plan", "as_text", "charts", "figures", "measure"]
