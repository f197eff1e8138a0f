"""The grey plane of whatever a capture returns."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.camera.gray import to_gray

RAMP = np.linspace(0, 255, 48 * 64).reshape(48, 64).astype(np.uint8)


def test_grey_is_handed_on_without_a_copy():
    assert to_gray(RAMP) is RAMP


def test_yuyv_gives_its_first_byte():
    chroma = np.full_like(RAMP, 128)
    gray = to_gray(np.dstack([RAMP, chroma]))
    assert np.array_equal(gray, RAMP)
    assert gray.flags["C_CONTIGUOUS"], "OpenCV wants it so"


def test_colour_gives_its_luminance():
    assert np.array_equal(to_gray(np.dstack([RAMP] * 3)), RAMP)
    pure = np.zeros((3, 1, 3), np.uint8)
    pure[range(3), 0, range(3)] = 255  # blue, green, red
    assert to_gray(pure)[:, 0].tolist() == [29, 150, 76]


@pytest.mark.parametrize("picture", [RAMP, np.dstack([RAMP] * 3)], ids=["grey", "colour"])
def test_a_compressed_picture_is_opened(picture):
    jpeg = cv2.imencode(".jpg", picture)[1].reshape(1, -1)
    gray = to_gray(jpeg)
    assert (gray.shape, gray.dtype) == (RAMP.shape, np.uint8)
    assert np.abs(gray.astype(int) - RAMP).max() < 10


@pytest.mark.parametrize(
    "broken",
    [np.zeros((1, 0), np.uint8), np.zeros((1, 500), np.uint8), np.full((1, 1), 255, np.uint8)],
    ids=["nothing", "zeros", "one byte"],
)
def test_a_broken_compressed_picture_is_none(broken):
    assert to_gray(broken) is None


@pytest.mark.parametrize(
    "shape", [(0,), (9,), (0, 0), (0, 64), (0, 0, 3), (48, 64, 1), (48, 64, 4), (2, 2, 2, 2)]
)
def test_what_is_no_picture_is_none(shape):
    assert to_gray(np.ones(shape, np.uint8)) is None
