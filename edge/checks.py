"""What was computed here, held against what was computed when the model was converted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.golden import Answers
from edge.vision.face import Box

Floats = NDArray[np.float32]


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "FAILED"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Check:
    """One line of the self-test.

    Attributes:
        what: What was checked.
        told: What came out, with its limit, in words.
        figure, limit: The same as numbers, in `unit`; None where nothing was measured.
        advice: What to do about it.
    """

    what: str
    state: State
    told: str
    figure: float | None = None
    limit: float | None = None
    unit: str = ""
    advice: str = ""

    def as_json(self) -> dict[str, Any]:
        """The check as `edge-run --self-test --json` prints it."""
        figure = self.figure if self.figure is not None and isfinite(self.figure) else None
        return asdict(self) | {"state": str(self.state), "figure": figure}

    def as_line(self) -> str:
        """The check as `edge-run --self-test` prints it."""
        advice = f"; {self.advice}" if self.advice else ""
        return f"{self.state:11}  {self.what}: {self.told}{advice}"


class Limit(NamedTuple):
    """How far logits and probabilities may lie from the golden ones.

    Attributes:
        logits: The largest difference; if `relative`, the root mean square of the differences as
            a share of the logits' standard deviation.
        probabilities: The largest difference.
    """

    logits: float
    relative: bool
    probabilities: float


# Pixels may be off by one where a processor has its own resize, which moves probabilities a bit.
EXACT = Limit(0, False, 0.02)
FLOAT = Limit(1e-3, False, 0.02)  # sums in another order
# int8 with other roundings: ONNX Runtime 2% with its float kernels and 1% on SSE 4, and 51% on AVX2
# without VNNI, where sums with 8-bit weights overflow and three labels of ten change.
ROUNDED = Limit(0.05, True, 0.1)
# tflite-runtime's kernels round after every layer as the reference does: 9%.
OTHER_KERNELS = Limit(0.15, True, 0.2)
AGREEING = 0.8  # of labels, where limits are relative: inputs are hard, and some near a tie
PIXEL = 1  # grey level

OPENCV = (
    "OpenCV does not compute here as where the model was made: install the version that "
    "requirements.lock names"
)
MODEL = "reinstall the model; if that does not help, report the processor and the versions"
INTERPRETER = (
    "the file or its card is not what was converted, or this interpreter does not compute it "
    "rightly on this processor: reinstall the model, or use another --runtime"
)
ONNX_INT8 = (
    "ONNX Runtime computes int8 wrongly on x86 processors that have AVX2 but no VNNI (see "
    "lscpu): use LiteRT there, which takes the .tflite file; elsewhere reinstall the model"
)


def limit_for(precision: str, exact: bool, runtime: str) -> Limit:
    """How far an interpreter may be off with a file of this precision.

    Args:
        exact: Whether the file computes in integers alone.
    """
    if precision in {"float32", "float16"}:
        return FLOAT
    if runtime == "tflite":
        return OTHER_KERNELS
    return EXACT if exact and runtime == "litert" else ROUNDED


def advice_for(precision: str, runtime: str) -> str:
    """What to do where an interpreter answers otherwise than its limit allows."""
    return ONNX_INT8 if (precision, runtime) == ("int8", "onnx") else INTERPRETER


def compare_pixels(what: str, expected: NDArray[np.uint8], made: NDArray[np.uint8]) -> Check:
    """Compare (n, s, s) uint8 pixels."""
    off = int(np.abs(expected.astype(np.int16) - made).max())
    differ = float((expected != made).mean())
    told = (
        f"{len(expected)} crops, {differ:.2%} of pixels differ, by {off} grey levels at most "
        f"(limit {PIXEL})"
    )
    return _judged(what, off <= PIXEL, told, off, PIXEL, "grey levels", OPENCV)


def compare_boxes(what: str, expected: Sequence[Box], found: Sequence[Box | None]) -> Check:
    """Compare bounding boxes in their order; the same pixels are asked for."""
    differ = abs(len(expected) - len(found)) + sum(
        one != other for one, other in zip(expected, found, strict=False)
    )
    told = f"{len(expected)} boxes, {differ} differ (limit 0)"
    return _judged(what, differ == 0, told, differ, 0, "boxes", OPENCV)


def compare_logits(
    what: str, answers: Answers, made: Floats, limit: Limit, advice: str = INTERPRETER
) -> Check:
    """Compare (n, k) logits of the same inputs; `advice` is for limits that are relative."""
    expected = answers.logits
    agree = int((expected.argmax(axis=1) == made.argmax(axis=1)).sum())
    if not limit.relative:
        off = float(np.abs(expected - made).max())
        told = f"{len(expected)} inputs, logits differ by {off:.2g} (limit {limit.logits:g})"
        # asked this way round, nan fails
        return _judged(what, off <= limit.logits, told, off, limit.logits, "logits", MODEL)
    rms = float(np.sqrt(np.square(expected - made).mean()))
    share = rms / max(float(expected.std()), 1e-6)
    fewest = round(AGREEING * len(expected))
    told = (
        f"{len(expected)} inputs, logits differ by {share:.1%} of their spread (limit "
        f"{limit.logits:.0%}), {agree} labels agree (at least {fewest})"
    )
    good = share <= limit.logits and agree >= fewest
    return _judged(what, good, told, share, limit.logits, "of the logits' spread", advice)


def compare_faces(
    what: str,
    labels: Sequence[str],
    answers: Answers,
    made: Floats,
    limit: Limit,
    advice: str = INTERPRETER,
) -> Check:
    """Compare (m, k) probabilities of the frame's faces, read from crop to softmax."""
    off = float(np.abs(answers.probabilities - made).max())
    read = ", ".join(labels[row.argmax()] for row in made)
    told = f"{read}; probabilities differ by {off:.2g} (limit {limit.probabilities:g})"
    good = off <= limit.probabilities
    return _judged(what, good, told, off, limit.probabilities, "probability", advice)


def _judged(
    what: str, good: bool, told: str, figure: float, limit: float, unit: str, advice: str
) -> Check:
    state = State.OK if good else State.FAILED
    return Check(what, state, told, figure, limit, unit, "" if good else advice)
