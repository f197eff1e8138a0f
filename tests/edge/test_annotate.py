"""What is drawn into a picture, and that it can be drawn anywhere."""

from __future__ import annotations

import numpy as np
import pytest

from edge.annotate import COLOURS, annotate
from edge.labels import EMOTIONS, LABELS, TASKS
from edge.vision.face import Box

HAPPY = {emotion: 0.94 if emotion == "happy" else 0.01 for emotion in EMOTIONS}
ANGRY = {emotion: 0.4 if emotion == "angry" else 0.1 for emotion in EMOTIONS}


def grey(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), 90, np.uint8)


def test_every_label_has_a_colour_of_its_own():
    assert set(COLOURS) == set(LABELS)
    assert len(set(COLOURS.values())) == len(LABELS)


def test_nothing_is_drawn_where_there_is_no_face():
    assert np.array_equal(annotate(grey(40, 60), []), grey(40, 60))


def test_the_picture_given_is_left_as_it_is():
    picture = grey(300, 400)
    drawn = annotate(picture, [(Box(100, 80, 120, 120), "happy 94%", HAPPY)])
    assert np.array_equal(picture, grey(300, 400))
    assert not np.array_equal(drawn, picture)
    assert (drawn.shape, drawn.dtype) == (picture.shape, picture.dtype)


def test_the_box_has_the_colour_of_the_leading_emotion():
    drawn = annotate(grey(300, 400), [(Box(100, 80, 120, 120), "happy 94%", HAPPY)])
    left_edge = drawn[100:180, 100].astype(int)
    assert (np.abs(left_edge - COLOURS["happy"]).max(axis=1) < 30).all()


@pytest.mark.parametrize("emotion", ["happy", "angry"])
def test_the_leading_bar_is_the_longest(emotion):
    probabilities = {"happy": HAPPY, "angry": ANGRY}[emotion]
    drawn = annotate(grey(480, 640), [(Box(100, 100, 200, 200), emotion, probabilities)])
    drawn[100:301, 100:301] = 0  # the face's own box
    painted = {
        each: int((drawn == np.array(COLOURS[each], np.uint8)).all(axis=2).sum())
        for each in EMOTIONS
    }
    assert max(painted, key=painted.get) == emotion
    assert min(painted.values()) > 0, "a bar for each"


@pytest.mark.parametrize("task", TASKS)
def test_there_is_a_bar_for_each_label_of_the_model(task):
    labels = TASKS[task]
    probabilities = dict.fromkeys(labels, 1 / len(labels))
    drawn = annotate(grey(480, 640), [(Box(100, 100, 200, 200), labels[0], probabilities)])
    drawn[100:301, 100:301] = 0
    for label, colour in COLOURS.items():
        painted = int((drawn == np.array(colour, np.uint8)).all(axis=2).sum())
        assert (painted > 50) == (label in labels), label  # a word's soft edge has greys, too


@pytest.mark.parametrize(
    ("height", "width", "box"),
    [
        (300, 400, Box(0, 0, 400, 300)),
        (300, 400, Box(340, 240, 60, 60)),
        (300, 400, Box(0, 0, 24, 24)),
        (30, 30, Box(3, 3, 24, 24)),
        (1, 1, Box(0, 0, 1, 1)),
        (24, 3000, Box(1500, 0, 24, 24)),
        (3000, 24, Box(0, 1500, 24, 24)),
        (4000, 6000, Box(5000, 3000, 1000, 1000)),
    ],
    ids=lambda value: "x".join(map(str, value)) if isinstance(value, Box) else str(value),
)
def test_it_fits_into_any_picture(height, width, box):
    drawn = annotate(grey(height, width), [(box, "happy 94%", HAPPY)])
    assert drawn.shape == (height, width, 3)
    assert not np.array_equal(drawn, grey(height, width))


def test_two_panels_do_not_lie_on_one_another_where_there_is_room():
    left, right = Box(300, 200, 100, 100), Box(420, 200, 100, 100)
    alone = [
        annotate(grey(720, 1280), [(box, title, chances)])
        for box, title, chances in ((left, "happy", HAPPY), (right, "angry", ANGRY))
    ]
    both = annotate(grey(720, 1280), [(left, "happy", HAPPY), (right, "angry", ANGRY)])
    changed = [int((drawn != 90).any(axis=2).sum()) for drawn in (*alone, both)]
    assert changed[2] > 0.95 * (changed[0] + changed[1])
