"""Distorted faces: each layer does what its name says, and nothing when it is not training."""

from __future__ import annotations

import cv2
import keras
import numpy as np
import pytest

from edge.vision.face import normalise
from train.augment import (
    CAMERA_SHARE,
    CUTOUT_SHARE,
    QUANTISATION,
    RandomCamera,
    RandomCutout,
    RandomLight,
    RandomWarp,
    ToInput,
    cosine_basis,
    distortions,
)

MANY = 400


def drawn(layer, faces):
    return np.asarray(keras.ops.convert_to_numpy(layer(faces, training=True)))


def as_batch(*faces):
    return np.stack([np.asarray(face, np.float32) for face in faces])[..., None]


@pytest.fixture(scope="module")
def faces(splits):
    return as_batch(*splits["Training"].images)


@pytest.mark.parametrize("layer", distortions(), ids=lambda one: one.name)
def test_a_layer_distorts_only_while_training(layer, faces):
    np.testing.assert_array_equal(np.asarray(layer(faces, training=False)), faces)
    told = drawn(layer, faces)
    assert told.shape == faces.shape
    assert (told != faces).any()
    assert told.min() >= -1e-3
    assert told.max() <= 255.001


@pytest.mark.parametrize("layer", distortions(), ids=lambda one: one.name)
def test_the_draws_follow_from_the_seed(layer, faces):
    told = []
    for state in ([1, 2], [1, 2], [1, 3]):
        layer.seed_generator.state.assign(state)
        told.append(drawn(layer, faces))
    np.testing.assert_array_equal(told[0], told[1])
    assert (told[0] != told[2]).any()


@pytest.mark.parametrize("level", [0, 255], ids=["black", "white"])
def test_a_flat_face_stays_finite(level):
    told = as_batch(*[np.full((48, 48), level)] * 50)
    for layer in distortions(2.0):
        told = drawn(layer, told)
    assert np.isfinite(told).all()


def test_no_strength_is_no_layer():
    assert distortions(0) == []


def test_strength_scales_the_distortion(faces):
    def change(strength):
        layer = RandomLight(strength)
        return np.abs(drawn(layer, faces) - faces).mean()

    assert change(0.1) < 0.4 * change(1.0)


def test_warp_mirrors_half_of_the_faces():
    half = np.zeros((48, 48))
    half[:, :24] = 255
    told = drawn(RandomWarp(), as_batch(*[half] * MANY))
    right = told[:, :, 40:].mean(axis=(1, 2, 3)) > 128
    assert 0.4 < right.mean() < 0.6


def test_warp_moves_little_and_repeats_the_edge():
    dot = np.full((48, 48), 100.0)
    dot[22:26, 22:26] = 200
    told = drawn(RandomWarp(), as_batch(*[dot] * MANY))[..., 0]
    assert told.min() > 99, "what comes in from outside is the edge, not black"
    rows, columns = np.mgrid[:48, :48]
    weight = np.maximum(told - 100, 0)
    total = weight.sum(axis=(1, 2))
    down = (weight * rows).sum(axis=(1, 2)) / total - 23.5
    across = (weight * columns).sum(axis=(1, 2)) / total - 23.5
    for offset in (down, across):
        assert np.abs(offset).max() < 48 * 0.11  # the largest shift, at the smallest zoom
        assert np.abs(offset).max() > 48 * 0.04
        assert abs(offset.mean()) < 0.5


def test_light_keeps_the_order_of_the_levels():
    ramp = np.tile(np.linspace(0, 255, 48), (48, 1))
    told = drawn(RandomLight(), as_batch(*[ramp] * 50))
    assert (np.diff(told[..., 0], axis=2) >= -1e-3).all()


def test_camera_leaves_most_faces_alone(faces):
    many = np.concatenate([faces] * 8)
    told = drawn(RandomCamera(), many)
    changed = (told != many).any(axis=(1, 2, 3)).mean()
    assert CAMERA_SHARE - 0.08 < changed < CAMERA_SHARE + 0.08


def test_the_coded_face_is_what_jpeg_makes_of_it(faces, monkeypatch):
    for quality in (25, 50, 75):
        monkeypatch.setattr("train.augment.JPEG_QUALITY", (quality, quality))
        told = np.asarray(RandomCamera()._coded(faces[:10]))[..., 0]
        flags = [cv2.IMWRITE_JPEG_QUALITY, quality]
        for ours, face in zip(told, faces[:10, ..., 0], strict=True):
            coded = cv2.imencode(".jpg", face.astype(np.uint8), flags)[1]
            theirs = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)
            # decoders may round a little apart; another table would be off by much more
            assert np.abs(np.round(ours) - theirs).mean() < 0.8
    assert QUANTISATION.shape == (8, 8)


def test_the_cosine_basis_is_orthonormal():
    np.testing.assert_allclose(cosine_basis(8) @ cosine_basis(8).T, np.eye(8), atol=1e-6)


def test_blur_is_a_gaussian(faces, monkeypatch):
    monkeypatch.setattr("train.augment.BLUR_PIXELS", (1.0, 1.0 + 1e-6))
    told = np.asarray(RandomCamera()._blurred(faces[:5]))[..., 0]
    for ours, face in zip(told, faces[:5, ..., 0], strict=True):
        theirs = cv2.GaussianBlur(face, (0, 0), 1.0)
        np.testing.assert_allclose(ours[8:-8, 8:-8], theirs[8:-8, 8:-8], atol=0.5)


def test_cutout_hides_one_rectangle_of_some_faces():
    gray = as_batch(*[np.full((48, 48), 300.0)] * MANY)  # a level that no rectangle has
    hidden = drawn(RandomCutout(), gray)[..., 0] < 300
    some = hidden.any(axis=(1, 2))
    assert CUTOUT_SHARE - 0.08 < some.mean() < CUTOUT_SHARE + 0.08
    for mask in hidden[some]:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        assert mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert mask.sum() == len(rows) * len(columns)
        assert min(len(rows), len(columns)) >= 5
        assert max(len(rows), len(columns)) <= 17


@pytest.mark.parametrize("size", [32, 48, 64, 80, 96])
def test_the_last_step_is_the_one_the_device_takes(splits, size):
    faces = splits["Training"].images[:20]
    told = np.asarray(ToInput(size)(as_batch(*faces)))[..., 0]
    for ours, face in zip(told, faces, strict=True):
        # OpenCV's resize rounds inside, by a level at most; a shifted grid would be off by many
        theirs = normalise(face, size).astype(float)
        assert np.abs(ours - theirs).max() <= 1
        assert np.abs(ours - theirs).mean() < 0.2
