"""Figures of pictures. The limits are proven by faces: what one is found in is never blind."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data

from edge.camera.config import CameraConfig
from edge.camera.demo import DemoCamera
from edge.camera.mask import areas
from edge.camera.picture import Look, Sampler, symptom
from edge.camera.state import CameraState
from edge.vision.detect import Detector

LIMITS = CameraConfig()
SHAPE = (480, 640)


def look(gray: np.ndarray, mask=()) -> Look | None:
    sampler = Sampler(gray.shape, areas(mask))
    return sampler.look(sampler.sample(gray))


def judged(gray: np.ndarray, mask=()) -> CameraState:
    return symptom(look(gray, mask), LIMITS.black, LIMITS.covered, LIMITS.overexposed)


def lit(picture: np.ndarray, gain: float, noise: float, base: float = 0.0) -> np.ndarray:
    """The picture in other light, as a sensor with noise gives it."""
    rng = np.random.default_rng(5)
    seen = base + picture * gain + rng.normal(0, noise, picture.shape)
    return np.clip(seen, 0, 255).astype(np.uint8)


def photograph(name: str) -> np.ndarray:
    picture = getattr(data, name)()
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture
    return cv2.resize(gray, SHAPE[::-1], interpolation=cv2.INTER_AREA)


def with_face() -> list[np.ndarray]:
    astronaut = cv2.resize(cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY), (480, 480))
    wide = np.hstack([astronaut[:, :80][:, ::-1], astronaut, astronaut[:, -80:][:, ::-1]])
    play = DemoCamera("two?pace=off")
    return [np.ascontiguousarray(wide), [play.read().gray for _ in range(56)][-1]]


def test_whatever_a_face_is_found_in_is_not_blind_by_a_wide_margin():
    """From pitch dark to all white, on sensors that are quiet or noisy, full or video range."""
    detector, found = Detector(), []
    gains = (0.02, 0.06, 0.1, 0.15, 0.2, 0.5, 1, 2, 3, 5, 8)
    for face, gain, noise, base in itertools.product(with_face(), gains, (1, 4, 10), (0, 16)):
        gray = lit(face, gain, noise, base)
        if detector.full(gray):
            assert judged(gray) is CameraState.OK, (gain, noise, base)
            found.append(look(gray))
    assert len(found) > 30
    # measured: 49, 22 and 0.36
    assert min(each.brightest for each in found) > 1.5 * LIMITS.black
    assert min(each.contrast for each in found) > 2 * LIMITS.covered
    assert max(each.burnt for each in found) < 0.6 * LIMITS.overexposed


SCENES = ["camera", "coffee", "chelsea", "rocket", "coins", "page", "clock", "moon", "text"]
SURFACES = ["brick", "grass", "gravel"]  # filled with one thing from edge to edge, like a cover


@pytest.mark.parametrize(
    ("name", "mean"),
    [
        *itertools.product(SCENES, (25, 40, 80, 130, 200)),
        *itertools.product(SURFACES, (40, 80, 130, 200)),
    ],
)
def test_a_photograph_is_a_picture_in_a_dim_office_and_in_the_sun(name, mean):
    picture = photograph(name)
    for noise in (1, 3, 8):
        assert judged(lit(picture, mean / picture.mean(), noise)) is CameraState.OK, noise


def test_a_night_with_a_few_lights_is_a_picture():
    stars = photograph("hubble_deep_field")
    assert stars.mean() < 25
    assert judged(stars) is CameraState.OK
    street = lit(np.zeros(SHAPE), 0, 3, base=10)
    cv2.circle(street, (200, 100), 40, 180, -1)
    assert judged(street) is CameraState.OK


def room(wall: float, noise: float) -> np.ndarray:
    """A white wall, unevenly lit, behind the edge of an empty desk."""
    scene = np.tile(wall - 30 * np.abs(np.linspace(-1, 1, 640)), (480, 1))
    scene[430:] = 0.55 * wall
    return lit(cv2.GaussianBlur(scene, (0, 0), 3), 1, noise)


@pytest.mark.parametrize("noise", [0.5, 2.5, 8])
@pytest.mark.parametrize("wall", [60, 140, 200, 245])
def test_a_white_wall_behind_an_empty_desk_is_a_picture(wall, noise):
    assert judged(room(wall, noise)) is CameraState.OK


@pytest.mark.parametrize("scene", ["", "two"])
def test_the_empty_desk_of_the_demo_is_a_picture(scene):
    gray = DemoCamera(f"{scene}?pace=off").read().gray
    assert judged(gray) is CameraState.OK
    assert look(gray).contrast > 3 * LIMITS.covered


FLAT = [
    (0, CameraState.BLACK),
    (4, CameraState.BLACK),
    (16, CameraState.BLACK),
    (60, CameraState.COVERED),
    (128, CameraState.COVERED),
    (200, CameraState.COVERED),
    (235, CameraState.OVEREXPOSED),
    (255, CameraState.OVEREXPOSED),
]


@pytest.mark.parametrize(("level", "state"), FLAT)
@pytest.mark.parametrize("noise", [0, 1, 2.5, 8])
def test_an_even_surface_is_named_by_its_brightness(level, state, noise):
    assert judged(lit(np.zeros(SHAPE), 0, noise, base=level)) is state


@pytest.mark.parametrize("slope", [20, 60])
def test_a_hand_before_the_lens_is_covered_though_light_comes_in_at_the_side(slope):
    across = np.tile(np.linspace(70, 70 + slope, 640), (480, 1))
    assert judged(lit(across, 1, 2)) is CameraState.COVERED


def test_a_hot_pixel_in_the_dark_is_still_black():
    dark = lit(np.zeros(SHAPE), 0, 2, base=4)
    dark[100:110, 200:210] = 255
    assert judged(dark) is CameraState.BLACK


def test_what_is_masked_says_nothing():
    half = lit(np.zeros(SHAPE), 0, 2, base=90)
    half[:, :320] = photograph("camera")[:, :320]
    assert judged(half) is CameraState.OK
    assert judged(half, ["0,0,0.5,1"]) is CameraState.COVERED, "a clock hides a covered lens"
    seen = photograph("camera")
    seen[:, :500] = 0
    assert judged(seen, ["0,0,0.79,1"]) is CameraState.OK, "black is what nobody may see"
    assert look(seen, ["0,0,1,1"]) is None
    assert judged(seen, ["0,0,1,1"]) is CameraState.OK, "nothing left to judge by"


def test_a_limit_of_nothing_is_never_reached():
    black, white = np.zeros(SHAPE, np.uint8), np.full(SHAPE, 255, np.uint8)
    for gray in (black, white, np.full(SHAPE, 90, np.uint8)):
        assert symptom(look(gray), 0, 0, 1) is CameraState.OK


@settings(max_examples=60, deadline=None)
@given(st.integers(16, 400), st.integers(16, 400), st.integers(0, 255), st.integers(0, 2**32 - 1))
def test_pictures_of_any_size_constant_or_full_of_things(height, width, level, seed):
    flat = np.full((height, width), level, np.uint8)
    if min(height, width) >= 32:
        assert judged(flat) is not CameraState.OK
    rng = np.random.default_rng(seed)
    things = rng.integers(0, 256, (height // 16 + 1, width // 16 + 1)).astype(np.uint8)
    scene = cv2.resize(things, (width, height), interpolation=cv2.INTER_NEAREST)
    noisy = lit(scene, 0.7, 3, base=20)
    if min(height, width) >= 100:
        assert judged(noisy) is CameraState.OK
    else:
        assert judged(noisy) in CameraState
