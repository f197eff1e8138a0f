"""Distorted faces, and batches that are the same for the same seed and epoch."""

from __future__ import annotations

import numpy as np
import pytest

from edge.vision.face import normalise
from train.augment import augment
from train.batches import Batches, plain
from train.data import FaceSet, soft_targets


@pytest.mark.parametrize("size", [32, 48, 64, 96])
def test_augment_returns_the_models_input(splits, size):
    rng = np.random.default_rng(0)
    for face in splits["Training"].images[:20]:
        made = augment(face, size, rng)
        assert (made.shape, made.dtype) == ((size, size), np.uint8)


def test_augment_follows_from_the_generator_alone(splits):
    face = splits["Training"].images[0]
    first, again, other = (augment(face, 64, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_augment_leaves_its_input_alone(splits):
    faces = splits["Training"].images.copy()
    rng = np.random.default_rng(0)
    for face in faces:
        augment(face, 64, rng)
    np.testing.assert_array_equal(faces, splits["Training"].images)


@pytest.mark.parametrize("level", [0, 255], ids=["black", "white"])
def test_augment_takes_a_flat_face(level):
    rng = np.random.default_rng(0)
    for _ in range(50):
        made = augment(np.full((48, 48), level, np.uint8), 64, rng)
        assert made.shape == (64, 64)


def test_what_is_left_still_shows_the_face(splits):
    """Averaged over distortions, or their mirror images, a face resembles itself most."""
    rng = np.random.default_rng(0)
    angry, happy = splits["Training"].images[0], splits["Training"].images[3]
    made = [augment(angry, 48, rng) for _ in range(100)]
    assert min(face.std() for face in made) > 5
    mean = np.mean([(face / 2 + face[:, ::-1] / 2) for face in made], axis=0).ravel()
    like_angry, like_happy = (
        np.corrcoef(mean, (face / 2 + face[:, ::-1] / 2).ravel())[0, 1] for face in (angry, happy)
    )
    assert like_angry > like_happy + 0.1


def batches(splits, seed: int = 0, epoch: int = 0) -> Batches:
    faces = splits["Training"]
    made = Batches(faces, soft_targets(faces), size=32, batch=16, seed=seed)
    made.start_epoch(epoch)
    return made


def test_batches_leave_the_short_one_out(splits):
    made = batches(splits)
    assert len(made) == 3
    for index in range(3):
        faces, targets = made[index]
        assert (faces.shape, faces.dtype) == ((16, 32, 32, 1), np.uint8)
        assert (targets.shape, targets.dtype) == ((16, 7), np.float32)


def test_batches_keep_faces_and_targets_together(splits):
    faces = splits["Training"]
    white = np.arange(len(faces)) % 3 == 0
    images = np.broadcast_to(255 * white[:, None, None].astype(np.uint8), (len(faces), 48, 48))
    numbered = np.arange(len(faces), dtype=np.float32)[:, None] * np.ones(7, np.float32)
    flat = FaceSet(images, faces.labels, faces.votes)
    made = Batches(flat, numbered, size=48, batch=16, seed=0)
    seen = set()
    for shown, told in (made[index] for index in range(len(made))):
        numbers = told[:, 0].astype(int)
        np.testing.assert_array_equal(np.median(shown, axis=(1, 2, 3)) > 128, white[numbers])
        seen.update(numbers.tolist())
    assert len(seen) == 48


def test_the_same_seed_and_epoch_give_the_same_batches_in_any_order(splits):
    first, again = batches(splits, epoch=3), batches(splits, epoch=3)
    told = [first[index] for index in (0, 1, 2)]
    for index in (2, 0, 1):
        np.testing.assert_array_equal(again[index][0], told[index][0])
        np.testing.assert_array_equal(again[index][1], told[index][1])


@pytest.mark.parametrize(("seed", "epoch"), [(0, 1), (1, 0)], ids=["epoch", "seed"])
def test_another_epoch_or_seed_gives_others(splits, seed, epoch):
    assert (batches(splits)[0][0] != batches(splits, seed, epoch)[0][0]).any()


def test_plain_is_what_the_device_sees(splits):
    faces = splits["PublicTest"][:3]
    made = plain(faces, 64)
    assert (made.shape, made.dtype) == ((3, 64, 64, 1), np.uint8)
    np.testing.assert_array_equal(made[1, ..., 0], normalise(faces.images[1], 64))
