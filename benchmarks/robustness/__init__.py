"""How far light, lens, sensor, cable, distance and posture take a model's accuracy."""

from benchmarks.robustness.curves import as_text, charts, figures, measure
from benchmarks.robustness.distortions import DISTORTIONS, Distortion

__all__ = ["DISTORTIONS", "Distortion", "as_text", "charts", "figures", "measure"]
