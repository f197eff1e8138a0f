"""On whom a model fails: what is read off pixels, and what is counted by it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge.camera.demo import FACES
from edge.labels import EMOTIONS
from train.data import FaceSet, read_face
from train.subgroups import (
    ASPECTS,
    SIZES,
    asymmetry,
    by_size,
    read_as_angry,
    shrunk,
    subgroups,
    thirds,
)

ANGRY, NEUTRAL = EMOTIONS.index("angry"), EMOTIONS.index("neutral")


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    return read_face(FACES / "angry.png")


def neutral(images: np.ndarray, voted: bool = True) -> FaceSet:
    """Faces that are all neutral."""
    labels = np.full(len(images), NEUTRAL)
    votes = 10 * np.eye(len(EMOTIONS), dtype=np.float32)[labels]
    return FaceSet(images.astype(np.uint8), labels, votes * voted)


def told(*labels: int) -> np.ndarray:
    return np.eye(len(EMOTIONS), dtype=np.float32)[list(labels)]


@settings(deadline=None)
@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e3, 1e3, width=16)))
def test_each_value_lies_in_one_third(values: np.ndarray) -> None:
    masks, (low, high) = thirds(values)
    assert np.all(np.sum(masks, axis=0) == 1)
    assert low <= high
    if len(np.unique(values)) == len(values) and len(values) % 3 == 0:
        assert [mask.sum() for mask in masks] == [len(values) // 3] * 3


def test_a_face_unlike_its_mirror_image_is_asymmetric(face: np.ndarray) -> None:
    whole = np.concatenate([face[:, :24], face[:, 23::-1]], axis=1)
    one_side = (whole * np.linspace(0.2, 1, 48)).astype(np.uint8)
    assert asymmetry(whole) == pytest.approx(0)
    assert asymmetry(one_side) > 0.3
    assert asymmetry(np.full((48, 48), 7, np.uint8)) == 0


def test_the_aspects_see_what_they_are_called(face: np.ndarray) -> None:
    assert ASPECTS["brightness"].of(face) > ASPECTS["brightness"].of(face // 2)
    assert ASPECTS["contrast"].of(face) > ASPECTS["contrast"].of(face // 2 + 60)
    soft = np.asarray(cv2.GaussianBlur(face, (0, 0), 1.5), np.uint8)
    assert ASPECTS["sharpness"].of(soft) < ASPECTS["sharpness"].of(face)


def test_read_as_angry_counts_the_top_label_and_the_threshold() -> None:
    rows = np.full((3, len(EMOTIONS)), 0.1, np.float32)
    rows[0, 0], rows[1, 0], rows[2, 3] = 0.6, 0.4, 0.6
    labels = np.array([0, 6, 6])
    faces = FaceSet(np.zeros((3, 48, 48), np.uint8), labels, np.zeros((3, 7), np.float32))
    found = read_as_angry(rows, faces, 0.5)["original"]
    assert (found["angry"]["top"]["value"], found["angry"]["above"]["value"]) == (1, 1)
    assert (found["neutral"]["top"]["value"], found["neutral"]["above"]["value"]) == (0.5, 0)
    assert found["sad"]["top"]["value"] is None


@pytest.mark.parametrize("voted", [True, False])
def test_a_model_that_fails_in_the_dark_is_found_out(face: np.ndarray, voted: bool) -> None:
    """The same face under nine lights, the three darkest read as angry."""
    lights = np.linspace(0.2, 1, 9)
    faces = neutral(np.stack([face * light for light in lights]), voted)
    found = subgroups(told(*[ANGRY] * 3, *[NEUTRAL] * 6), faces, 0.5)
    groups = found["aspects"]["brightness"]["groups"]
    for labels in ("original", "ferplus") if voted else ("original",):
        for what, expected in (("accuracy", [0, 1, 1]), ("calm_as_angry", [1, 0, 0])):
            assert [one[what][labels]["value"] for one in groups.values()] == expected
            assert [one[what][labels]["n"] for one in groups.values()] == [3, 3, 3]
        assert found["as_angry"][labels]["neutral"]["top"]["value"] == pytest.approx(1 / 3)
    assert list(groups) == ["dark", "middle", "bright"]
    assert ("ferplus" in groups["dark"]["accuracy"]) == voted
    assert "skin tone" in found["not_measured"]


def test_faces_are_read_again_with_fewer_pixels(face: np.ndarray) -> None:
    faces = neutral(np.stack([face] * 4))
    given_sides: list[int] = []

    def read(some: Sequence[np.ndarray]) -> np.ndarray:
        given_sides.extend(one.shape[0] for one in some)
        assert all(one.shape == one.shape[::-1] for one in some)
        return told(*(ANGRY if one.shape[0] < 30 else NEUTRAL for one in some))

    found = by_size(read, told(*[NEUTRAL] * 4), faces)
    assert given_sides == [side for side in SIZES for _ in range(4)]
    assert list(found) == ["48", "40", "32", "24"]
    for labels in ("original", "ferplus"):
        assert [one["accuracy"][labels]["value"] for one in found.values()] == [1, 1, 1, 0]
        assert [one["calm_as_angry"][labels]["value"] for one in found.values()] == [0, 0, 0, 1]
        assert found["24"]["accuracy"][labels]["n"] == 4


def test_a_face_is_shrunk_and_never_enlarged(face: np.ndarray) -> None:
    small = shrunk(face, 24)
    assert small.shape == (24, 24)
    assert small.dtype == np.uint8
    assert small.mean() == pytest.approx(face.mean(), abs=1)
    assert shrunk(small, 40) is small
