"""The shipped model files with a golden file of their own, of few inputs."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.camera.demo import FACES, Stage
from edge.camera.scenes import PLAYS
from edge.golden import Answers, Golden, pack
from edge.vision.card import DEFAULT_CARD, read_card
from edge.vision.detect import DetectionConfig, Detector
from edge.vision.expression import ExpressionModel, load_model
from edge.vision.face import Gray, crop, normalise


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """A command that ran in this process must not leave its log to the tests after it."""
    root, own = logging.getLogger(), logging.getLogger("edge")
    levels = root.level, own.level
    yield
    for handler in [one for one in root.handlers if type(one).__module__.startswith("edge.")]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(levels[0])
    own.setLevel(levels[1])


def _crops() -> tuple[Gray, ...]:
    faces = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(FACES.glob("*.png"))]
    tilted = [cv2.rotate(cv2.resize(face, (70, 90)), cv2.ROTATE_180) for face in faces]
    noise = np.random.default_rng(0).integers(0, 256, (4, 33, 21), np.uint8)
    return (*faces, *tilted, *noise, np.zeros((1, 1), np.uint8))


def _golden(models: Sequence[ExpressionModel]) -> Golden:
    card = models[0].card
    crops = _crops()
    prepared = np.stack([normalise(face, card.input_size, card.source_size) for face in crops])
    frame, detector = Stage(PLAYS["two"], 320, 240).render(9.5, 0), Detector()
    full = tuple(detector.full(frame))
    near = tuple(box for known in full if (box := detector.near(frame, known)))
    assert len(full) == len(near) == 2
    faces = [crop(frame, box, card.crop_margin) for box in full]
    answers = {
        model.path.name: Answers(
            model.prepared_logits(prepared), model.predict(faces), "int8.tflite" in model.path.name
        )
        for model in models
    }
    return Golden(crops, prepared, frame, DetectionConfig(), full, near, answers)


@pytest.fixture(scope="session")
def golden() -> Golden:
    """What the shipped files answer here."""
    return _golden(
        [load_model(DEFAULT_CARD.with_name(one)) for one in read_card(DEFAULT_CARD).files]
    )


@pytest.fixture
def golden_card(golden: Golden, tmp_path: Path) -> Callable[..., Path]:
    """Writes a card that names copies of the shipped files, and their golden file.

    Changes are fields of `Golden`. Called again, it replaces the golden file and the card.
    """
    folder = tmp_path / "models"
    folder.mkdir()
    for name in read_card(DEFAULT_CARD).files:
        shutil.copy(DEFAULT_CARD.with_name(name), folder)

    def write(**changes: Any) -> Path:
        content = pack(replace(golden, **changes))
        (folder / "own-golden.npz").write_bytes(content)
        told = json.loads(DEFAULT_CARD.read_text())
        digest = sha256(content).hexdigest()
        told["golden"] = {"file": "own-golden.npz", "sha256": digest}
        (folder / "own.json").write_text(json.dumps(told))
        return folder / "own.json"

    return write
