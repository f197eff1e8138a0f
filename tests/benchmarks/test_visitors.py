"""Visitors to measure on: as many as were asked for, where they are said to be."""

from __future__ import annotations

import pytest

from benchmarks.latency.scene import draw
from benchmarks.visitors import MOST, face_boxes, standing
from edge.camera.scenes import PLAYS, WALK
from edge.vision.detect import Detector
from edge.vision.face import Box


@pytest.mark.parametrize("faces", range(MOST + 1))
@pytest.mark.parametrize(("width", "height"), [(320, 240), (1280, 720)])
def test_the_detector_finds_every_visitor_where_it_is_said_to_be(
    width: int, height: int, faces: int
) -> None:
    boxes = face_boxes(standing(faces), 0.0, width, height)
    assert len(boxes) == faces
    gray = draw(width, height, faces, 1)[0]
    assert gray.shape == (height, width)
    found = Detector().full(gray)
    assert len(found) == faces
    assert all(max(box.iou(one) for one in found) > 0.6 for box in boxes)


def test_frames_move_and_are_noisy() -> None:
    first, second = draw(320, 240, 0, 2)
    assert (first != second).mean() > 0.5


@pytest.mark.parametrize("faces", [-1, MOST + 1])
def test_there_is_no_room_for_more(faces: int) -> None:
    with pytest.raises(ValueError, match="room for 0 to 5"):
        standing(faces)


def test_who_walks_in_or_out_has_no_place_yet() -> None:
    play = PLAYS[""]
    (actor,) = play.actors
    assert face_boxes(play, actor.comes + WALK / 2, 640, 480) == []
    assert face_boxes(play, actor.leaves - WALK / 2, 640, 480) == []
    assert face_boxes(play, 10.0, 640, 480) == [Box(229, 120, 182, 182)]
