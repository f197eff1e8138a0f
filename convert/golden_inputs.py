"""Inputs for the golden file: the built-in visitor's faces, varied, and patterns; nobody's face.

A wrong weight shows only where its input is not zero, so the inputs are chosen to be unlike each
other and to get every label as an answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.camera.demo import FACES
from edge.vision.expression import ExpressionModel
from edge.vision.face import Gray

Plane = NDArray[np.float32]

INPUTS = 40
SIDE = 48  # of the composite faces, in pixels
BROW = 26  # rows of a face down to below the eyes
EXAGGERATION = 0.6
VARIANTS = 12  # of each mixed face
TRIES = 400  # until a label is given up
STEP = 25.0  # grey levels, standard deviation


class _Change(NamedTuple):
    """How a face is varied: degrees, factor, pixels, gain, grey levels, standard deviation."""

    angle: float
    scale: float
    shift: tuple[float, float]
    gain: float
    offset: float
    blur: float
    mirrored: bool
    negative: bool
    size: tuple[int, int]


def choose(model: ExpressionModel) -> list[Gray]:
    """The inputs for a model: `INPUTS` crops of several sizes, the same each time."""
    composites = {path.stem: _read(str(path)) for path in sorted(FACES.glob("*.png"))}
    fixed = [*(face.astype(np.uint8) for face in composites.values()), *_patterns()]
    rng = np.random.default_rng(0)
    candidates = [varied for face in _mixed(composites) for varied in _varied(face, rng)]
    chosen = _one_label_after_another(model, candidates, INPUTS - len(fixed))
    return [*fixed, *chosen]


def _read(path: str) -> Plane:
    return np.asarray(cv2.imread(path, cv2.IMREAD_GRAYSCALE), dtype=np.float32)


def _patterns() -> list[Gray]:
    """Flat, stepped and noisy crops, down to one pixel and far from square."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    slope = np.linspace(0, 255, 160).astype(np.uint8)
    return [
        np.zeros((SIDE, SIDE), np.uint8),
        np.full((SIDE, SIDE), 255, np.uint8),
        np.full((1, 1), 128, np.uint8),
        np.asarray((x // 6 + y // 6) % 2 * 255, np.uint8),
        np.tile(slope, (200, 1)),
        np.tile(slope[:, None], (1, 20)),
        rng.integers(0, 256, (SIDE, SIDE), np.uint8),
        rng.integers(0, 256, (7, 3), np.uint8),
        rng.integers(0, 256, (12, 90), np.uint8),
    ]


def _mixed(composites: dict[str, Plane]) -> Iterator[Plane]:
    """The brow of one face over the mouth of another, and faces exaggerated away from others."""
    for one, other in product(composites.values(), repeat=2):
        yield np.vstack([one[:BROW], other[BROW:]])
        if one is not other:
            yield one + EXAGGERATION * (one - other)


def _varied(face: Plane, rng: np.random.Generator) -> Iterator[Gray]:
    for index in range(VARIANTS):
        height = int(rng.integers(30, 80)) if index % 2 else SIDE
        width = round(height * rng.uniform(0.75, 1.3)) if index % 4 == 3 else height
        yield _changed(
            face,
            _Change(
                angle=rng.uniform(-20, 20),
                scale=rng.uniform(0.8, 1.25),
                shift=(rng.uniform(-6, 6), rng.uniform(-6, 6)),
                gain=rng.uniform(0.3, 1.5),
                offset=rng.uniform(-30, 30),
                blur=rng.uniform(0.5, 2) if index % 3 == 1 else 0.0,
                mirrored=index % 5 == 2,
                negative=index % 6 == 5,
                size=(width, height),
            ),
        )


def _changed(face: Plane, change: _Change) -> Gray:
    middle = (SIDE - 1) / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), change.angle, change.scale)
    matrix[:, 2] += np.array(change.shift)
    made = cv2.warpAffine(face, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    if change.blur:
        made = cv2.GaussianBlur(made, (0, 0), change.blur)
    if change.mirrored:
        made = made[:, ::-1]
    if change.negative:
        made = 255 - made
    made = cv2.resize((made - 128) * change.gain + 128 + change.offset, change.size)
    return np.clip(made, 0, 255).astype(np.uint8)


def _one_label_after_another(
    model: ExpressionModel, candidates: list[Gray], number: int
) -> list[Gray]:
    """`number` of the candidates, as many that get one label as another while there are some."""
    told = model.predict(candidates)
    mixed = np.random.default_rng(0).permutation(len(candidates))
    rows = []
    for label in range(len(model.labels)):
        row = [candidates[index] for index in mixed if told[index].argmax() == label]
        rows.append(row or _climb(model, label, candidates[told[:, label].argmax()]))
    turns = [row[turn] for turn in range(number) for row in rows if turn < len(row)]
    return turns[:number]


def _climb(model: ExpressionModel, label: int, start: Gray) -> list[Gray]:
    """A picture that gets a label which no face gets: smooth noise, kept where it helps."""
    rng = np.random.default_rng(label)
    face, best = cv2.resize(start, (SIDE, SIDE)).astype(np.float32), -np.inf
    for _ in range(TRIES):
        grid = int(rng.integers(4, 13))
        noise = rng.normal(0, STEP, (grid, grid)).astype(np.float32)
        tried = np.clip(
            face + cv2.resize(noise, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), 0, 255
        )
        logits = model.logits([tried.astype(np.uint8)])[0]
        lead = logits[label] - np.delete(logits, label).max()
        if lead > best:
            face, best = tried, lead
        if best > 0:
            return [face.astype(np.uint8)]
    return []
