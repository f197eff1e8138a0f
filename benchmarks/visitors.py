"""The built-in visitors as something to measure on: how many there are, and where they stand."""

from __future__ import annotations

from edge.camera.scenes import WALK, Actor, Play
from edge.vision.face import Box

MOST = 5
# (share of the width, share of the height): two rows, the lower one in the gaps of the upper
ROWS = ((0.5, 0.26), (0.34, 0.68), (0.66, 0.68), (0.18, 0.26), (0.82, 0.26))
PAIR = ((0.28, 0.47), (0.72, 0.42))
ALONE = ((0.5, 0.44),)
MOODS = ("neutral", "happy", "angry", "surprise", "sad")
LONG = 1e6  # seconds; nobody leaves


def standing(faces: int) -> Play:
    """A play of `faces` visitors, 0 to 5, who are there from the first second and stay."""
    if not 0 <= faces <= MOST:
        raise ValueError(f"{faces} visitors: there is room for 0 to {MOST}")
    places = {1: ALONE, 2: PAIR}.get(faces, ROWS[:faces])
    size = 0.36 if faces <= len(PAIR) else 0.24
    # those behind are drawn first, or their shoulders would hide a face
    order = sorted(range(faces), key=lambda index: places[index][1])
    actors = tuple(
        Actor(
            moods=((0.0, MOODS[index]),),
            comes=-WALK,
            leaves=LONG,
            place=places[index],
            size=size,
            rhythm=1.7 * index,
        )
        for index in order
    )
    return Play(f"{faces} standing visitors", LONG, actors)


def face_boxes(play: Play, second: float, width: int, height: int) -> list[Box]:
    """Where the faces of those are who stand at that second; who walks in or out is left out.

    A visitor sways by a few hundredths of the face around the place that is told here.
    """
    boxes = []
    for actor in play.actors:
        if actor.comes + WALK <= second <= actor.leaves - WALK:
            side = round(actor.size * height)
            left = round(actor.place[0] * width - side / 2)
            boxes.append(Box(left, round(actor.place[1] * height - side / 2), side, side))
    return boxes
