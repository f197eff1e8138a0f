"""What the service goes through at a desk, done to it on purpose: how often, and what was lost.

Each module beside this one breaks one thing: it has `measure(...)`, which returns
`{"rows": [...]}`; a row says what was done, how often, how many alerts were lost or told twice
under different keys, and what an operator was told of it.
"""

from __future__ import annotations

from benchmarks.faults.measure import Plan, measure
from benchmarks.faults.told import as_text, charts, figures

__all__ = ["Plan", "as_text", "charts", "figures", "measure"]
