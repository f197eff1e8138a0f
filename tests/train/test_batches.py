"""Batches that are the same for the same seed and epoch, mixed and weighed as asked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.vision.face import normalise
from train.batches import Batches, balanced_weights, plain
from train.data import FaceSet, soft_targets


def batches(splits, seed: int = 0, epoch: int = 0, **mixing) -> Batches:
    faces = splits["Training"]
    made = Batches(faces, soft_targets(faces), batch=16, seed=seed, **mixing)
    made.start_epoch(epoch)
    return made


def test_batches_leave_the_short_one_out(splits):
    made = batches(splits)
    assert len(made) == 3
    for index in range(3):
        faces, targets = made[index]
        assert (faces.shape, faces.dtype) == ((16, 48, 48, 1), np.float32)
        assert (targets.shape, targets.dtype) == ((16, 7), np.float32)


def numbered(splits) -> tuple[FaceSet, np.ndarray]:
    """Faces whose grey level is their number, and targets that say the same number."""
    faces = splits["Training"]
    number = np.arange(len(faces))
    images = np.broadcast_to(number[:, None, None].astype(np.uint8), (len(faces), 48, 48))
    return FaceSet(images, faces.labels, faces.votes), number[:, None] * np.ones(7, np.float32)


def test_batches_keep_faces_and_targets_together(splits):
    faces, targets = numbered(splits)
    made = Batches(faces, targets.astype(np.float32), batch=16, seed=0)
    seen = set()
    for shown, told in (made[index] for index in range(len(made))):
        np.testing.assert_array_equal(shown[:, 0, 0, 0], told[:, 0])
        seen.update(told[:, 0].tolist())
    assert len(seen) == 48


@pytest.mark.parametrize("mixing", [{"mixup": 0.4}, {"cutmix": 1.0}], ids=str)
def test_a_mixed_face_and_its_target_are_mixed_alike(splits, mixing):
    faces, targets = numbered(splits)
    made = Batches(faces, targets.astype(np.float32), batch=16, seed=0, **mixing)
    shown, told = made[0]
    np.testing.assert_allclose(shown.mean(axis=(1, 2, 3)), told[:, 0], atol=1e-3)
    assert (told[:, 0] % 1 != 0).any(), "some are between two faces"


def test_with_both_a_batch_has_one_of_the_two(splits):
    faces, targets = numbered(splits)
    made = Batches(faces, targets.astype(np.float32), 8, 0, mixup=1.0, cutmix=1.0)
    pasted = []
    for epoch in range(4):
        made.start_epoch(epoch)
        for index in range(len(made)):
            spread = np.ptp(made[index][0], axis=(1, 2, 3))
            pasted.append((spread > 0).any())
    assert 0 < sum(pasted) < len(pasted)


def test_the_same_seed_and_epoch_give_the_same_batches_in_any_order(splits):
    first, again = (batches(splits, epoch=3, mixup=0.2, cutmix=0.2) for _ in range(2))
    told = [first[index] for index in (0, 1, 2)]
    for index in (2, 0, 1):
        np.testing.assert_array_equal(again[index][0], told[index][0])
        np.testing.assert_array_equal(again[index][1], told[index][1])


@pytest.mark.parametrize(("seed", "epoch"), [(0, 1), (1, 0)], ids=["epoch", "seed"])
def test_another_epoch_or_seed_gives_others(splits, seed, epoch):
    assert (batches(splits)[0][0] != batches(splits, seed, epoch)[0][0]).any()


def test_a_face_weighs_what_its_target_weighs(splits):
    weights = np.arange(7, dtype=np.float32)
    _, targets, told = batches(splits, class_weights=weights)[0]
    np.testing.assert_allclose(told, targets @ weights, rtol=1e-6)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=60))
def test_balanced_weights_let_each_class_count_the_same(labels):
    targets = np.eye(7, dtype=np.float32)[labels]
    weights = balanced_weights(targets)
    counted = (targets * weights).sum(axis=0)
    present = targets.sum(axis=0) > 0
    np.testing.assert_allclose(counted[present], counted[present][0], rtol=1e-4)
    assert (weights[~present] == 0).all()
    assert (targets @ weights).mean() == pytest.approx(1, rel=1e-4)


def test_plain_is_what_the_device_sees(splits):
    faces = splits["PublicTest"][:3]
    made = plain(faces, 64)
    assert (made.shape, made.dtype) == ((3, 64, 64, 1), np.uint8)
    np.testing.assert_array_equal(made[1, ..., 0], normalise(faces.images[1], 64))
