"""What is masked is never seen, whatever shape a frame has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.camera.base import Frame
from edge.camera.mask import MaskedCamera, areas, blacked, hides_all, masked
from edge.camera.open import open_camera
from edge.errors import ConfigError


@st.composite
def rectangles(draw) -> tuple[float, float, float, float]:
    left, top = draw(st.floats(0, 0.99)), draw(st.floats(0, 0.99))
    return left, top, draw(st.floats(0.001, 1 - left)), draw(st.floats(0.001, 1 - top))


SIZES = st.tuples(st.integers(1, 90), st.integers(1, 90))


@given(SIZES, st.lists(rectangles(), max_size=4))
def test_no_pixel_that_a_rectangle_touches_gets_through(size, wanted):
    gray = np.full(size, 200, np.uint8)
    seen = blacked(gray, areas([",".join(map(repr, each)) for each in wanted]))
    assert (gray == 200).all(), "the camera's own memory is left alone"
    assert seen.shape == size
    height, width = size
    for left, top, across, down in wanted:
        for y, x in np.argwhere(seen):
            beside = (x + 1) / width <= left + 1e-9 or x / width >= left + across - 1e-9
            over = (y + 1) / height <= top + 1e-9 or y / height >= top + down - 1e-9
            assert beside or over
    if not wanted:
        assert (seen == 200).all()


@pytest.mark.parametrize(
    ("mask", "black"),
    [
        (["0,0,1,1"], 100),
        (["0,0,0.5,1"], 50),
        (["0,0,0.5,1", "0.5,0,0.5,1"], 100),
        (["0.55,0.55,0.01,0.01"], 1),
        (["0.7,0,0.3,0.1"], 3),
        ([], 0),
    ],
    ids=str,
)
def test_a_mask_covers_its_share_of_the_frame(mask, black):
    seen = blacked(np.full((10, 10), 9, np.uint8), areas(mask))
    assert (seen == 0).sum() == black


@pytest.mark.parametrize("shape", [(10,), (0,), (0, 0)], ids=str)
def test_what_is_no_picture_is_not_handed_on_unmasked(shape):
    assert not blacked(np.full(shape, 9, np.uint8), areas(["0,0,0.1,0.1"])).any()


def test_colour_is_masked_too():
    assert not blacked(np.full((10, 10, 3), 9, np.uint8), areas(["0,0,1,1"])).any()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not four numbers"),
        ("0,0,1", "is not four numbers"),
        ("0,0,1,1,1", "is not four numbers"),
        ("a,b,c,d", "is not four numbers"),
        ("0;0;1;1", "is not four numbers"),
        ("0,0,0,1", "does not lie within the frame"),
        ("-0.1,0,1,1", "does not lie within the frame"),
        ("0.5,0,0.6,1", "does not lie within the frame"),
        ("0,0,320,240", "does not lie within the frame"),
        ("nan,0,1,1", "does not lie within the frame"),
        ("0,0,nan,1", "does not lie within the frame"),
        ("0,0,inf,1", "does not lie within the frame"),
    ],
)
def test_a_rectangle_that_is_none_is_named(text, said):
    with pytest.raises(ConfigError) as caught:
        areas(["0,0,0.1,0.1", text])
    assert str(caught.value).startswith(f"camera.mask: {text!r} {said}")
    assert "write left,top,width,height" in str(caught.value)


class OneFrame:
    name, live = "one", True

    def __init__(self) -> None:
        self.frames = [Frame(np.full((8, 8), 7, np.uint8), 1.5, 3), None]
        self.closed = 0

    def read(self) -> Frame | None:
        return self.frames.pop(0)

    def close(self) -> None:
        self.closed += 1


def test_a_masked_camera_is_the_camera_but_for_its_pixels():
    camera = OneFrame()
    behind = masked(camera, ["0,0,1,0.5"])
    assert isinstance(behind, MaskedCamera)
    frame = behind.read()
    assert (behind.name, behind.live, frame.timestamp, frame.index) == ("one", True, 1.5, 3)
    assert frame.gray.sum() == 7 * 32
    assert behind.read() is None
    behind.close()
    assert camera.closed == 1


def test_nothing_masked_costs_nothing():
    camera = OneFrame()
    assert masked(camera, []) is camera


def test_a_camera_whose_mask_is_wrong_is_closed_again():
    camera = OneFrame()
    with pytest.raises(ConfigError):
        masked(camera, ["no"])
    assert camera.closed == 1


def test_open_camera_masks():
    camera = open_camera("demo:calm?pace=off", 80, 60, 10.0, ["0,0,0.5,1"])
    gray = camera.read().gray
    assert not gray[:, :40].any()
    assert gray[:, 40:].all()


QUARTERS = st.integers(0, 3)


@given(st.lists(st.tuples(QUARTERS, QUARTERS, st.integers(1, 4), st.integers(1, 4)), max_size=8))
def test_a_mask_hides_all_exactly_if_it_leaves_no_pixel(wanted):
    texts = [f"{x / 4},{y / 4},{min(w, 4 - x) / 4},{min(h, 4 - y) / 4}" for x, y, w, h in wanted]
    left = blacked(np.full((4, 4), 200, np.uint8), areas(texts))
    assert hides_all(areas(texts)) == (not left.any())


def test_what_rounding_leaves_between_two_areas_is_nothing():
    assert hides_all(areas(["0,0,0.7,1", "0.7,0,0.3,1", "0.1,0,0.2,1"]))
