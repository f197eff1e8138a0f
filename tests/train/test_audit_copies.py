"""Copies of one picture are found whatever was done to it, and different pictures are not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import DataError
from train.audit import copies as copies_module
from train.audit import search as search_module
from train.audit.copies import find_copies
from train.audit.gallery import Gallery
from train.audit.leak import leaked
from train.audit.search import candidates, fingerprints, unit
from train.data import FaceSet, load


def textures(count: int, seed: int, blur: float = 2.0) -> np.ndarray:
    """Pictures with as much detail as a face, no two alike: (count, 48, 48) uint8."""
    noise = np.random.default_rng(seed).normal(size=(count, 48, 48)).astype(np.float32)
    smooth = np.stack([cv2.GaussianBlur(one, (0, 0), blur) for one in noise])
    smooth /= smooth.std(axis=(1, 2), keepdims=True)
    return np.clip(128 + 36 * smooth, 30, 225).astype(np.uint8)


def face_set(images: np.ndarray, labels: object = 0) -> FaceSet:
    count = len(images)
    wide = np.broadcast_to(np.asarray(labels, np.int64), (count,)).copy()
    return FaceSet(images, wide, np.zeros((count, 7), np.float32))


def found(images: np.ndarray) -> copies_module.Copies:
    gallery = Gallery({"Training": face_set(images)})
    return find_copies(gallery, np.zeros(len(images), np.bool_))


def compressed(image: np.ndarray, quality: int = 40) -> np.ndarray:
    coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)


def lit(image: np.ndarray, gain: float = 1.0, offset: float = 0.0) -> np.ndarray:
    return np.clip(image * gain + offset, 0, 255).astype(np.uint8)


def moved(image: np.ndarray, dx: int, dy: int) -> np.ndarray:
    return cv2.copyMakeBorder(image, 2, 2, 2, 2, cv2.BORDER_REPLICATE)[
        2 + dy : 50 + dy, 2 + dx : 50 + dx
    ]


CHANGES = {
    "compressed": compressed,
    "brighter": lambda image: lit(image, offset=40),
    "darker and clipped": lambda image: lit(image, offset=-60),
    "flatter": lambda image: lit(image, 0.4, 70),
    "mirrored": lambda image: image[:, ::-1],
    "moved": lambda image: moved(image, 1, 0),
    "halved and enlarged": lambda image: cv2.resize(
        cv2.resize(image, (24, 24), interpolation=cv2.INTER_AREA), (48, 48)
    ),
    "all at once": lambda image: compressed(lit(image, 0.8, 30)[:, ::-1], 60),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_copy_is_found_and_nothing_else(change):
    images = textures(60, seed=1)
    images[41] = change(images[7])
    told = found(images)
    assert told.first.tolist() == list(range(60))
    assert told.pairs.tolist() == [[7, 41]]
    assert told.mirrored.tolist() == [change in (CHANGES["mirrored"], CHANGES["all at once"])]


def test_identical_pictures_are_one_and_lead_to_the_first():
    images = textures(30, seed=2)
    images[[9, 20]] = images[4]
    images[25] = compressed(images[4])
    told = found(images)
    assert [i for i, first in enumerate(told.first) if first != i] == [9, 20]
    assert told.first[[9, 20]].tolist() == [4, 4]
    assert told.pairs.tolist() == [[4, 25]]
    groups = told.groups()
    assert np.flatnonzero(groups == 4).tolist() == [4, 9, 20, 25]
    assert len(np.unique(groups)) == 27


def test_strangers_in_the_same_light_are_no_copies():
    ramp = np.linspace(-90, 90, 48, dtype=np.float32)[None, :]
    people = [np.clip(128 + ramp + (one - 128.0) * 0.5, 0, 255) for one in textures(20, seed=3)]
    images = np.stack(people).astype(np.uint8)
    faces = unit(images).reshape(20, -1)
    assert (faces @ faces.T)[np.triu_indices(20, 1)].max() > copies_module.ALIKE
    assert len(found(images).pairs) == 0


def test_blank_pictures_are_copies_of_nothing():
    images = textures(6, seed=4)
    images[1:4] = 0
    gallery = Gallery({"Training": face_set(images)})
    told = find_copies(gallery, np.array([0, 1, 1, 1, 0, 0], np.bool_))
    assert told.first.tolist() == list(range(6))
    assert len(told.pairs) == 0


def test_the_frames_of_a_video_are_refused_before_they_fill_the_memory(monkeypatch):
    monkeypatch.setattr(copies_module, "MOST_PAIRS", 10)
    one = textures(1, seed=5)[0]
    frames = np.stack([lit(one, offset=shift) for shift in range(8)])
    with pytest.raises(DataError, match=r"more than 10 pairs .* frames of a video"):
        found(frames)


def test_progress_is_told(monkeypatch):
    monkeypatch.setattr(search_module, "BLOCK", 40)
    images = textures(400, seed=6)
    images[200] = compressed(images[3])
    lines: list[str] = []
    told = find_copies(
        Gallery({"Training": face_set(images)}), np.zeros(400, np.bool_), lines.append
    )
    assert told.pairs.tolist() == [[3, 200]]
    assert all(line.endswith("1 near copies") for line in lines)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.floats(0.6, 12), st.floats(0.0, 0.95))
def test_the_bound_never_misses_a_pair(seed, count, blur, threshold):
    """Whatever the pictures: all pairs that correlate, straight or mirrored, are candidates."""
    images = textures(count, seed, blur)
    rng = np.random.default_rng(seed)
    for _ in range(count // 3):  # mixtures, so that there are pairs at every correlation
        i, j = rng.integers(count, size=2)
        mixed = rng.uniform(0.3, 1.0)
        blend = mixed * images[i].astype(np.float32) + (1 - mixed) * images[j]
        images[rng.integers(count)] = blend[:, :: int(rng.choice([-1, 1]))].astype(np.uint8)
    faces = unit(images)
    straight = np.einsum("iyx,jyx->ij", faces, faces)
    mirrored = np.einsum("iyx,jyx->ij", faces, faces[:, :, ::-1])
    wanted = np.argwhere(np.triu(np.maximum(straight, mirrored) >= threshold, 1))

    even, odd = fingerprints(Gallery({"Training": face_set(images)}), np.arange(count))
    told = [np.stack(pair, axis=1) for pair in candidates(even, odd, threshold)]
    pairs = {tuple(pair) for pair in np.concatenate([*told, np.empty((0, 2), int)]).tolist()}
    assert {tuple(pair) for pair in wanted.tolist()} <= pairs
    assert all(i < j for i, j in pairs)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_the_relation_does_not_depend_on_the_order(seed):
    rng = np.random.default_rng(seed)
    images = textures(24, seed)
    for _ in range(8):
        source, target = rng.integers(24, size=2)
        change = rng.choice(list(CHANGES)) if rng.random() < 0.7 else None
        images[target] = CHANGES[change](images[source]) if change else images[source]
    order = rng.permutation(24)
    here, there = relation(found(images)), relation(found(images[order]))
    assert here == {frozenset(int(order[face]) for face in pair) for pair in there}


def relation(told: copies_module.Copies) -> set[frozenset[int]]:
    """Every pair of copies, identical or near."""
    count = len(told.first)
    exact, near = told.around(np.arange(count), count)
    assert ((exact > 0) & (near > 0)).sum() == 0
    both = exact + near
    assert (both == both.T).all()
    return {frozenset(map(int, pair)) for pair in np.argwhere(both)}


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 80))
def test_different_pictures_have_no_copies(seed, count):
    told = found(textures(count, seed))
    assert told.first.tolist() == list(range(count))
    assert len(told.pairs) == 0


def test_leaked_marks_test_faces_with_a_copy_in_training():
    images = textures(40, seed=8)
    splits = {
        "Training": face_set(images[:20]),
        "PublicTest": face_set(images[20:30]),
        "PrivateTest": face_set(images[30:].copy()),
    }
    splits["PrivateTest"].images[3] = images[11]
    splits["PrivateTest"].images[6] = compressed(images[12][:, ::-1])
    splits["PrivateTest"].images[8] = images[25]  # in PublicTest, which nobody trains on
    masks = leaked(splits)
    assert list(masks) == ["PublicTest", "PrivateTest"]
    assert not masks["PublicTest"].any()
    assert np.flatnonzero(masks["PrivateTest"]).tolist() == [3, 6]


def test_faces_of_another_size_are_compared_at_48_pixels():
    images = textures(6, seed=9)
    large = np.stack([cv2.resize(one, (96, 96)) for one in images])
    masks = leaked({"Training": face_set(images[:4]), "PublicTest": face_set(large[3:])})
    assert masks["PublicTest"].tolist() == [True, False, False]


def test_what_leaks_in_the_real_set(real_data):
    masks = leaked(load(real_data))
    assert {name: int(mask.sum()) for name, mask in masks.items()} == {
        "PublicTest": 473,
        "PrivateTest": 502,
    }
