"""Held-out faces share no moment with those that are learnt from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train.adapt.own import taken_at
from train.adapt.split import split

GAP = 3.0


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 48, 48), dtype=np.uint8)


def divided(labels, times, images=None, share=0.2, seed=0):
    labels = np.asarray(labels, dtype=np.int64)
    images = noise(len(labels)) if images is None else images
    return split(labels, np.asarray(times, dtype=np.float64), images, share, GAP, seed)


SHOTS = st.lists(
    st.tuples(st.integers(0, 2), st.one_of(st.just(float("nan")), st.integers(0, 200).map(float))),
    min_size=1,
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(shots=SHOTS, share=st.floats(0.05, 0.5), seed=st.integers(0, 5))
def test_no_moment_lies_on_both_sides(shots, share, seed):
    labels, times = (np.array(values) for values in zip(*shots, strict=True))
    parts = divided(labels, times, share=share, seed=seed)
    together = np.concatenate(parts)
    np.testing.assert_array_equal(np.sort(together), np.arange(len(labels)))
    for label in np.unique(labels):
        training, held = (side[labels[side] == label] for side in (parts.training, parts.held_out))
        apart = np.abs(times[training][:, None] - times[held][None, :])
        assert not (apart <= GAP).any()
    again = divided(labels, times, share=share, seed=seed)
    for side, same in zip(parts, again, strict=True):
        np.testing.assert_array_equal(side, same)


def test_about_the_share_of_each_class_where_moments_are_many():
    labels = np.repeat([0, 1], [100, 50])
    parts = divided(labels, np.arange(150) * 10.0)
    assert np.bincount(labels[parts.held_out]).tolist() == [20, 10]
    assert len(parts.left_out) == 0


def test_one_long_moment_is_cut_with_a_gap():
    parts = divided(np.zeros(40), np.arange(40) * 1.0)
    assert parts.held_out.tolist() == list(range(32, 40))
    assert parts.left_out.tolist() == [29, 30, 31]
    assert parts.training.tolist() == list(range(29))


def test_two_sessions_of_one_class():
    times = np.concatenate([np.arange(20) * 1.0, 5000 + np.arange(5) * 1.0])
    held = divided(np.zeros(25), times).held_out.tolist()
    assert held == list(range(20, 25))


def test_one_short_moment_cannot_be_divided():
    parts = divided(np.zeros(10), np.zeros(10))
    assert len(parts.training) == 0


def test_copies_without_a_time_stay_together():
    images = np.repeat(noise(5), 4, axis=0)
    parts = divided(np.zeros(20), np.full(20, np.nan), images)
    assert len(parts.held_out) == 4
    assert len(np.unique(parts.held_out // 4)) == 1


def test_copies_of_a_single_picture_cannot_be_divided():
    parts = divided(np.zeros(8), np.full(8, np.nan), np.repeat(noise(1), 8, axis=0))
    assert 0 in (len(parts.training), len(parts.held_out))


def test_another_seed_holds_out_others():
    labels, times = np.zeros(100), np.arange(100) * 10.0
    assert (
        divided(labels, times).held_out.tolist() != divided(labels, times, seed=1).held_out.tolist()
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("angry-20240101-000000-001.png", 0),
        ("sad/sad-20240101-000102-001.png", 62),
        ("IMG_20240102-000000.jpg", 86400),
        ("20240101-235960.png", None),
        ("angry-20241301-000000-001.png", None),
        ("120240101-000000.png", None),
        ("face.png", None),
        ("", None),
    ],
)
def test_the_time_in_a_name(name, expected):
    told = taken_at(name)
    if expected is None:
        assert np.isnan(told)
    else:
        assert told - taken_at("20240101-000000") == expected


@given(st.text())
def test_any_name_tells_a_time_or_none(name):
    assert isinstance(taken_at(name), float)
