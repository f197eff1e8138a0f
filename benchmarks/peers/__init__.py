"""CPU time a frame, and accuracy, beside the loops that people write."""

from benchmarks.peers.charts import charts, figures
from benchmarks.peers.side_by_side import measure
from benchmarks.peers.text import as_text

__all__ = ["as_text", "charts", "figures", "measure"]
