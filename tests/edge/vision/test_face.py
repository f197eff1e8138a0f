import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.vision.face import Box, Gray, crop, normalise

PATIENT = settings(deadline=None)  # other jobs may run beside the tests

places = st.integers(-500, 1500)
sides = st.integers(1, 800)
boxes = st.builds(Box, places, places, sides, sides)
frames = st.tuples(st.integers(1, 900), st.integers(1, 900))


def noise(height: int, width: int, seed: int = 7) -> Gray:
    return np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)


def pixels_of(box: Box) -> set[tuple[int, int]]:
    return {(x, y) for x in range(box.x, box.x + box.w) for y in range(box.y, box.y + box.h)}


@PATIENT
@given(boxes, frames)
def test_clipped_lies_in_both(box: Box, size: tuple[int, int]) -> None:
    width, height = size
    part = box.clipped(width, height)
    assert 0 <= part.x <= part.x + part.w <= width
    assert 0 <= part.y <= part.y + part.h <= height
    assert part.clipped(width, height) == part
    if part.area:
        assert part.iou(box) == pytest.approx(part.area / box.area)
    else:
        assert box.iou(Box(0, 0, width, height)) == 0


small = st.builds(Box, *[st.integers(0, 9)] * 2, *[st.integers(1, 9)] * 2)


@PATIENT
@given(small, small)
def test_iou_counts_pixels(one: Box, other: Box) -> None:
    a, b = pixels_of(one), pixels_of(other)
    assert one.iou(other) == other.iou(one) == pytest.approx(len(a & b) / len(a | b))


@PATIENT
@given(boxes)
def test_a_box_is_itself(box: Box) -> None:
    assert box.iou(box) == 1
    assert box.area == box.w * box.h
    assert box.scaled(1) == box.grown(0) == box
    assert box.scaled(2).scaled(0.5) == box


@PATIENT
@given(boxes, st.floats(0, 2))
def test_growing_keeps_the_centre(box: Box, margin: float) -> None:
    grown = box.grown(margin)
    assert grown.center == box.center
    assert grown.w == pytest.approx(box.w * (1 + 2 * margin), abs=1.0)
    assert grown.h == pytest.approx(box.h * (1 + 2 * margin), abs=1.0)


def test_a_crop_inside_is_a_view() -> None:
    gray = noise(50, 80)
    face = crop(gray, Box(20, 10, 30, 25))
    assert np.shares_memory(face, gray)
    assert np.array_equal(face, gray[10:35, 20:50])


@PATIENT
@given(
    box=st.builds(Box, *[st.integers(-30, 60)] * 2, *[st.integers(1, 60)] * 2),
    margin=st.floats(0, 1),
)
def test_a_crop_repeats_the_edge_outside_of_the_frame(box: Box, margin: float) -> None:
    gray = noise(40, 50)
    wanted = box.grown(margin)
    if wanted.clipped(50, 40).area == 0:
        with pytest.raises(ValueError, match="outside the 50x40 frame"):
            crop(gray, box, margin)
        return
    rows = np.clip(np.arange(wanted.y, wanted.y + wanted.h), 0, 39)
    columns = np.clip(np.arange(wanted.x, wanted.x + wanted.w), 0, 49)
    assert np.array_equal(crop(gray, box, margin), gray[np.ix_(rows, columns)])


def test_a_negative_margin_trims() -> None:
    assert crop(noise(40, 50), Box(5, 5, 20, 30), -0.1).shape == (24, 16)


@pytest.mark.parametrize(
    "shape",
    [(1, 1), (1, 300), (300, 1), (47, 49), (48, 48), (49, 49), (64, 64), (2000, 3000)],
    ids=lambda shape: f"{shape[1]}x{shape[0]}",
)
@pytest.mark.parametrize("size", [48, 64, 96])
def test_normalise_gives_the_input_of_the_model(shape: tuple[int, int], size: int) -> None:
    face = noise(*shape)
    before = face.copy()
    made = normalise(face, size)
    assert made.shape == (size, size)
    assert made.dtype == np.uint8
    assert np.array_equal(face, before)


@pytest.mark.parametrize("level", [0, 1, 127, 255])
@pytest.mark.parametrize("side", [1, 30, 48, 200])
def test_normalise_keeps_a_flat_face_flat(level: int, side: int) -> None:
    assert (normalise(np.full((side, side), level, np.uint8), 64) == level).all()


def test_a_face_of_the_models_size_is_left_alone() -> None:
    face = noise(48, 48)
    assert np.array_equal(normalise(face, 48), face)


def test_a_large_face_is_no_sharper_than_those_of_the_training() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (640, 320))  # too fine for 48 pixels
    assert np.ptp(normalise(stripes, 640)) < 40


@pytest.mark.parametrize(
    "face",
    [
        np.zeros((0, 0), np.uint8),
        np.zeros((0, 5), np.uint8),
        np.zeros((5, 0), np.uint8),
        np.zeros(9, np.uint8),
        np.zeros((4, 4, 3), np.uint8),
        np.zeros((4, 4), np.float32),
        np.zeros((4, 4), np.int8),
        np.zeros((4, 4), np.bool_),
    ],
    ids=lambda face: f"{face.dtype}{face.shape}",
)
def test_what_is_no_grey_face_is_refused(face: Gray) -> None:
    with pytest.raises(ValueError, match="must be a 2-D uint8 crop, not"):
        normalise(face, 64)
