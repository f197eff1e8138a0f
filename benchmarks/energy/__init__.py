"""Joules a frame where the machine tells its power; CPU time, and what it means on a board."""

from benchmarks.energy.measure import measure
from benchmarks.energy.told import as_text, charts, figures

__all__ = ["as_text", "charts", "figures", "measure"]
