"""Which shots of a session are kept, whatever comes in whatever order."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.camera.demo import FACES
from edge.vision.face import Box
from train.collect.quality import Refusal
from train.collect.session import COMPARED, Session

NAMES = ("angry", "happy", "neutral", "sad", "surprise")
BOX = Box(100, 60, 160, 160)


def scene(name: str, angle: float = 0) -> np.ndarray:
    """A (300, 400) frame with the visitor's face in `BOX`, turned by `angle` degrees."""
    face = cv2.imread(str(FACES / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
    face = cv2.resize(face, (160, 160), interpolation=cv2.INTER_CUBIC)
    turn = cv2.getRotationMatrix2D((80, 80), angle, 1)
    frame = np.full((300, 400), 120, np.uint8)
    frame[60:220, 100:260] = cv2.warpAffine(face, turn, (160, 160), borderMode=cv2.BORDER_REPLICATE)
    return frame


SCENES = {name: scene(name) for name in NAMES}
EMPTY = np.full((300, 400), 120, np.uint8)


def test_a_kept_shot_is_the_crop_with_its_margin():
    session = Session(3, margin=0.1)
    shot = session.look(SCENES["angry"], [BOX], 0.0)
    assert shot.face is not None
    np.testing.assert_array_equal(shot.face, SCENES["angry"][44:236, 84:276])
    assert (session.kept, session.why, shot.box) == (1, None, BOX)


def test_the_same_moment_is_not_kept_twice_nor_after_another():
    session = Session(10, every=0)
    names = ("angry", "angry", "happy", "angry", "happy")
    kept = [session.look(SCENES[name], [BOX], t).face is not None for t, name in enumerate(names)]
    assert kept == [True, False, True, False, False]
    assert session.refusals == {Refusal.ALIKE: 3}


def test_an_earlier_moment_may_come_back():
    session = Session(20, every=0)
    for angle in range(0, 8 * (COMPARED + 1), 8):
        session.look(scene("angry", angle), [BOX], 0)
    assert session.kept == COMPARED + 1
    assert session.look(SCENES["angry"], [BOX], 1).face is not None


def test_nothing_is_taken_before_it_starts_while_stopped_or_in_a_hurry():
    session = Session(10, every=1.0, starts=5.0)
    looks = [("angry", 4.9, False), ("angry", 5.0, True), ("happy", 5.9, False), ("sad", 6.0, True)]
    for name, time, expected in looks:
        shot = session.look(SCENES[name], [BOX], time)
        assert (shot.face is not None, shot.refusal) == (expected, None)
    session.running = False
    assert session.look(SCENES["neutral"], [BOX], 9).face is None
    session.running = True
    assert session.look(SCENES["neutral"], [BOX], 9).face is not None
    assert not session.refusals


def test_taking_back():
    session = Session(2, every=0)
    session.look(SCENES["angry"], [BOX], 0)
    session.undo()
    assert session.kept == 0
    assert session.look(SCENES["angry"], [BOX], 1).refusal is Refusal.ALIKE
    session.undo()
    assert session.kept == 0


def test_a_face_at_the_edge_of_the_frame():
    session = Session(2, margin=0.3)
    assert session.look(SCENES["angry"], [Box(-20, -20, 160, 160)], 0).box is not None


@pytest.mark.parametrize(
    ("frame", "boxes", "expected"),
    [
        (EMPTY, [], Refusal.NO_FACE),
        (EMPTY, [BOX], Refusal.FLAT),
        (SCENES["sad"], [BOX, Box(0, 0, 120, 120)], Refusal.CROWD),
        (SCENES["sad"] // 5, [BOX], Refusal.DARK),
    ],
)
def test_refusals_are_counted_and_told(frame, boxes, expected):
    session = Session(2)
    assert session.look(frame, boxes, 0).refusal is expected
    assert session.refusals == {expected: 1}
    assert session.main_refusal() == f"1 shots were refused, 1 of them: {expected.value}"


FRAMES = st.lists(
    st.tuples(
        st.sampled_from([*SCENES.values(), EMPTY]),
        st.lists(st.sampled_from([BOX, Box(0, 0, 20, 20), Box(10, 10, 150, 150)]), max_size=2),
        st.floats(0, 1),
    ),
    max_size=15,
)


@settings(max_examples=50, deadline=None)
@given(frames=FRAMES, count=st.integers(1, 4), every=st.floats(0, 1))
def test_whatever_comes(frames, count, every):
    session, time, kept = Session(count, every=every), 0.0, []
    for gray, boxes, pause in frames:
        time += pause
        shot = session.look(gray, boxes, time)
        assert shot.face is None or shot.refusal is None
        assert (shot.box is None) == (not boxes)
        if shot.face is not None:
            kept.append(time)
    assert session.kept == len(kept) <= count
    assert session.complete == (len(kept) == count)
    assert all(later - earlier >= every - 1e-9 for earlier, later in pairwise(kept))
    assert session.refusals.total() + len(kept) <= len(frames)
