"""Fixtures of the benchmarks' tests: faces that show nobody."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.camera.demo import FACES
from edge.labels import EMOTIONS
from train.data import FaceSet


@pytest.fixture(scope="session")
def visitors() -> FaceSet:
    """The built-in visitors' faces as a split, each labelled with what it was averaged from."""
    names = sorted(path.stem for path in FACES.glob("*.png"))
    images = [cv2.imread(str(FACES / f"{name}.png"), cv2.IMREAD_GRAYSCALE) for name in names]
    labels = np.array([EMOTIONS.index(name) for name in names])
    votes = 10 * np.eye(len(EMOTIONS), dtype=np.float32)[labels]
    return FaceSet(np.stack(images).astype(np.uint8), labels, votes)
