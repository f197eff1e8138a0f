"""Everything that happens to a frame between the camera and the alert, with a clock on each step.

The pipeline tells its own stages; what lies before and after it is timed here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.alerts.rule import Rule, RuleConfig
from edge.camera.base import Frame
from edge.camera.gray import to_gray
from edge.pipeline import Pipeline
from edge.vision.detect import Detector
from edge.vision.expression import ExpressionModel


@dataclass(frozen=True)
class Look:
    """What one frame cost.

    Attributes:
        stages: Milliseconds by stage; a stage that was not needed is absent.
        frame_ms: Milliseconds of the whole, from the camera's bytes to the rule's answer.
        cpu_ms: CPU milliseconds of the same, over all threads of the process.
        decode_cpu_ms: CPU milliseconds of that for the decoding.
        seen: Visitors that the frame showed.
    """

    stages: dict[str, float]
    frame_ms: float
    cpu_ms: float
    decode_cpu_ms: float
    seen: int


class Looking:
    """A pipeline and a rule as `edge-run` has them without a configuration."""

    def __init__(self, model: ExpressionModel) -> None:
        self._pipeline = Pipeline(Detector(), model)
        self._rule = Rule("anger", RuleConfig(emotion=_watched(model)))
        self._frames = 0

    def look(self, raw: NDArray[np.uint8], second: float) -> Look:
        """Decode, look at and judge one frame, taken at `second`."""
        cpu, start = time.process_time(), time.perf_counter()
        gray = to_gray(raw)
        assert gray is not None  # drawn here, so it is whole
        decoded, cpu_decoded = time.perf_counter(), time.process_time()
        observation = self._pipeline.step(Frame(gray, second, self._frames))
        looked = time.perf_counter()
        self._rule.step(observation.time, observation.evidence)
        end, cpu_end = time.perf_counter(), time.process_time()
        self._frames += 1
        stages = {"decode": decoded - start, **observation.stages, "rule": end - looked}
        return Look(
            stages={name: 1000 * seconds for name, seconds in stages.items()},
            frame_ms=1000 * (end - start),
            cpu_ms=1000 * (cpu_end - cpu),
            decode_cpu_ms=1000 * (cpu_decoded - cpu),
            seen=sum(reading.seen for reading in observation.readings),
        )


def _watched(model: ExpressionModel) -> str:
    """Anger where the model tells it; whatever is watched, the rule costs the same."""
    wanted = RuleConfig().emotion
    return wanted if wanted in model.labels else model.labels[0]
