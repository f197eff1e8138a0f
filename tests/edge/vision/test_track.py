from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.vision.face import Box
from edge.vision.track import Tracker, TrackingConfig

PATIENT = settings(deadline=None)  # other jobs may run beside the tests

FACE = Box(100, 100, 80, 80)
boxes = st.builds(
    lambda x, y, side: Box(x, y, side, side),
    st.integers(0, 600),
    st.integers(0, 400),
    st.integers(20, 200),
)
streams = st.lists(
    st.tuples(st.sampled_from([0.0625, 0.25, 1.0, 5.0]), st.lists(boxes, max_size=5, unique=True)),
    min_size=1,
    max_size=25,
)
configs = st.builds(
    TrackingConfig,
    confirm=st.integers(1, 3),
    keep=st.sampled_from([0.0, 0.5, 1.5]),
    reach=st.sampled_from([0.3, 0.7, 2.0]),
)


def moved(box: Box, dx: int, dy: int = 0) -> Box:
    return Box(box.x + dx, box.y + dy, box.w, box.h)


@PATIENT
@given(configs, streams)
def test_tracks_are_the_boxes_of_a_frame_and_what_was_just_lost(
    config: TrackingConfig, stream: Sequence[tuple[float, list[Box]]]
) -> None:
    tracker, time = Tracker(config), 0.0
    for step, found in stream:
        time += step
        tracker.update(found, time)
        seen = [track.box for track in tracker.tracks if track.seen]
        assert sorted(seen) == sorted(found)  # each box is one track's, and none is left over
        for track in tracker.tracks:
            assert track.seen == (track.last_seen == time)
            assert time - track.last_seen <= config.keep
            assert track.first_seen <= track.last_seen


@PATIENT
@given(configs, streams)
def test_no_number_is_used_twice(
    config: TrackingConfig, stream: Sequence[tuple[float, list[Box]]]
) -> None:
    tracker, time = Tracker(config), 0.0
    born: dict[int, float] = {}
    gone: set[int] = set()
    for step, found in stream:
        time += step
        tracker.update(found, time)
        numbers = [track.visitor for track in tracker.tracks]
        assert len(set(numbers)) == len(numbers)
        assert not gone & set(numbers)
        gone = set(born) - set(numbers)
        for track in tracker.tracks:
            assert born.setdefault(track.visitor, track.first_seen) == track.first_seen


@PATIENT
@given(configs, streams)
def test_only_who_was_seen_often_enough_is_a_visitor(
    config: TrackingConfig, stream: Sequence[tuple[float, list[Box]]]
) -> None:
    tracker, time = Tracker(config), 0.0
    looks: dict[int, int] = {}
    for step, found in stream:
        time += step
        visitors = tracker.update(found, time)
        for track in tracker.tracks:
            looks[track.visitor] = looks.get(track.visitor, 0) + track.seen
            assert track.looks == looks[track.visitor]
        confirmed = [t for t in tracker.tracks if looks[t.visitor] >= config.confirm]
        assert visitors == tracker.visitors == tuple(confirmed)


jitter = st.tuples(st.integers(-10, 10), st.integers(-10, 10))


@PATIENT
@given(
    st.lists(st.tuples(jitter, jitter, jitter), min_size=3, max_size=15),
    st.randoms(use_true_random=False),
)
def test_the_order_of_boxes_does_not_matter(
    stream: list[tuple[tuple[int, int], ...]], random: object
) -> None:
    homes = [Box(20, 50, 90, 90), Box(260, 60, 90, 90), Box(500, 40, 90, 90)]
    tracker = Tracker()
    owner: dict[int, int] = {}
    for i, steps in enumerate(stream):
        order = list(enumerate(moved(home, *step) for home, step in zip(homes, steps, strict=True)))
        random.shuffle(order)  # type: ignore[attr-defined]
        tracker.update([box for _, box in order], i * 0.1)
        place = {box: home for home, box in order}
        for track in tracker.tracks:
            assert owner.setdefault(track.visitor, place[track.box]) == place[track.box]
    assert len(owner) == 3


@pytest.mark.parametrize("blink", [0.1, 1.0, 1.5])
def test_a_still_face_keeps_its_number_through_a_blink(blink: float) -> None:
    tracker = Tracker(TrackingConfig(keep=1.5))
    tracker.update([FACE], 0.0)
    (before,) = tracker.update([FACE], 0.25)
    (unseen,) = tracker.update([], 0.25 + blink)
    assert (unseen.visitor, unseen.seen, unseen.box) == (before.visitor, False, FACE)
    (after,) = tracker.update([FACE], 0.25 + blink)
    assert (after.visitor, after.seen, after.first_seen) == (before.visitor, True, 0.0)


def test_who_comes_back_later_is_somebody_new() -> None:
    tracker = Tracker(TrackingConfig(keep=1.5))
    for time in (0.0, 0.1):
        tracker.update([FACE], time)
    assert tracker.update([], 1.7) == ()
    tracker.update([FACE], 1.8)
    (visitor,) = tracker.update([FACE], 1.9)
    assert visitor.visitor == 2


@pytest.mark.parametrize("confirm", [1, 2, 5])
def test_a_face_is_a_visitor_once_confirmed(confirm: int) -> None:
    tracker = Tracker(TrackingConfig(confirm=confirm))
    counts = [len(tracker.update([FACE], i * 0.1)) for i in range(6)]
    assert counts == [int(i + 1 >= confirm) for i in range(6)]


def test_a_false_face_is_forgotten_at_once() -> None:
    tracker = Tracker()
    tracker.update([FACE], 0.0)
    tracker.update([], 0.1)
    assert tracker.tracks == ()
    assert tracker.update([FACE], 0.2) == ()


@pytest.mark.parametrize(
    ("found", "same"),
    [
        (moved(FACE, 40), True),
        (moved(FACE, 55), True),
        (moved(FACE, 60), False),
        (moved(FACE, 0, -60), False),
        (Box(90, 90, 120, 120), True),
        (Box(75, 75, 130, 130), False),
        (Box(120, 120, 48, 48), False),
    ],
    ids=["near", "in reach", "too far", "too high", "larger", "too large", "too small"],
)
def test_how_far_a_face_moves_and_grows(found: Box, same: bool) -> None:
    tracker = Tracker(TrackingConfig(confirm=1, reach=0.7, growth=1.6))
    tracker.update([FACE], 0.0)
    tracker.update([found], 0.1)
    seen = [track.visitor for track in tracker.tracks if track.seen]
    assert seen == [1 if same else 2]


def test_the_nearest_pair_goes_first() -> None:
    tracker = Tracker(TrackingConfig(confirm=1))
    tracker.update([FACE], 0.0)
    tracker.update([moved(FACE, 30), moved(FACE, 5)], 0.1)
    assert {t.visitor: t.box.x for t in tracker.tracks} == {1: 105, 2: 130}
