"""Every file a card names, on the faces kept out of training, as the device would read them."""

from benchmarks.accuracy.charts import charts
from benchmarks.accuracy.measure import Asked, measure
from benchmarks.accuracy.text import as_text, figures

__all__ = ["Asked", "as_text", "charts", "figures", "measure"]
