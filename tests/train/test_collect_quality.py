"""Which faces are worth keeping: the built-in visitor's are, spoilt ones are not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.camera.demo import FACES
from edge.vision.face import Box
from train.collect.quality import (
    SIDE,
    Limits,
    Refusal,
    at_side,
    judge_boxes,
    judge_face,
    likeness,
    sharpness,
)

NAMES = ("angry", "happy", "neutral", "sad", "surprise")
LIMITS = Limits()


def visitor(name: str, side: int = 160) -> np.ndarray:
    face = cv2.imread(str(FACES / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
    return cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)


def changed(face: np.ndarray, gain: float, offset: float) -> np.ndarray:
    return np.clip(face * gain + offset, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("side", [48, 120, 300])
@pytest.mark.parametrize("name", NAMES)
def test_every_visitor_is_kept_near_and_far(name, side):
    assert judge_face(visitor(name, side), LIMITS) is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda face: cv2.GaussianBlur(face, (0, 0), 6), Refusal.BLURRED),
        (lambda face: cv2.blur(face, (31, 1)), Refusal.BLURRED),  # moved while it was taken
        (lambda face: changed(face, 0.25, 0), Refusal.DARK),
        (lambda face: changed(face, 2.5, 60), Refusal.BRIGHT),
        (lambda face: changed(face, 0.2, 90), Refusal.FLAT),
    ],
    ids=["out of focus", "moved", "dark", "overexposed", "flat"],
)
def test_a_spoilt_face_is_refused_for_what_is_wrong_with_it(name, spoil, expected):
    assert judge_face(spoil(visitor(name)), LIMITS) is expected


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([], Refusal.NO_FACE),
        ([Box(0, 0, 100, 100)], None),
        ([Box(0, 0, 47, 47)], Refusal.SMALL),
        ([Box(0, 0, 48, 48)], None),
        ([Box(0, 0, 100, 100), Box(200, 0, 90, 90)], Refusal.CROWD),
        ([Box(200, 0, 90, 90), Box(0, 0, 100, 100)], Refusal.CROWD),
        ([Box(0, 0, 100, 100), Box(200, 0, 30, 30)], None),  # a patch of the wall
    ],
)
def test_one_face_large_enough(boxes, expected):
    assert judge_boxes(boxes, LIMITS) is expected


@given(
    name=st.sampled_from(NAMES), gain=st.floats(0.4, 0.9), offset=st.floats(0, 20), side=st.just(96)
)
def test_dim_light_is_no_blur(name, gain, offset, side):
    face = visitor(name, side)
    dimmed = sharpness(changed(face, gain, offset))
    assert dimmed == pytest.approx(sharpness(face), rel=0.15)


@given(name=st.sampled_from(NAMES), first=st.floats(0.5, 8), more=st.floats(0.5, 4))
def test_more_blur_is_less_sharp(name, first, more):
    face = visitor(name)
    less, further = (cv2.GaussianBlur(face, (0, 0), s) for s in (first, first + more))
    assert sharpness(further) < sharpness(less) < sharpness(face)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_moment_is_known_again_and_another_is_not(name):
    face = visitor(name)
    rng = np.random.default_rng(0)
    noisy = np.clip(face + rng.normal(0, 3, face.shape), 0, 255).astype(np.uint8)
    wandered = visitor(name, 170)[6:166, 3:163]  # the detector's box is never quite the same
    turned = cv2.warpAffine(
        face, cv2.getRotationMatrix2D((80, 80), 8, 1), (160, 160), borderMode=cv2.BORDER_REPLICATE
    )
    assert likeness(noisy, face) > LIMITS.likeness
    assert likeness(wandered, face) > likeness(turned, face)
    assert likeness(turned, face) < LIMITS.likeness
    others = [visitor(other) for other in NAMES if other != name]
    assert max(likeness(face, other) for other in others) < LIMITS.likeness


@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 255), st.integers(1, 90))
def test_flat_pictures_of_any_size_are_judged_without_a_warning(height, width, grey, other):
    face = np.full((height, width), grey, np.uint8)
    assert judge_face(face, LIMITS) in {Refusal.DARK, Refusal.BRIGHT, Refusal.FLAT}
    assert at_side(face).shape == (SIDE, SIDE)
    assert likeness(face, np.full((other, other), 80, np.uint8)) == 1
    assert likeness(face, visitor("angry")) == 0
