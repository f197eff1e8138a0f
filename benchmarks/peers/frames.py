"""Frames that every loop gets, with where the face is in each."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.visitors import face_boxes
from edge.camera.base import Frame
from edge.camera.demo import DemoCamera
from edge.camera.scenes import PLAYS
from edge.vision.face import Box

FPS = 10
SAME = 0.3  # intersection over union from which a box is that face


@dataclass(frozen=True)
class Shown:
    """A frame, and the faces that were drawn into it."""

    frame: Frame
    faces: tuple[Box, ...]

    def found(self, told: list[Box]) -> int:
        """How many of its faces are among the boxes that a loop told of."""
        return sum(any(face.iou(box) >= SAME for box in told) for face in self.faces)

    def false(self, told: list[Box]) -> int:
        """How many of these boxes hold none of its faces."""
        return sum(all(face.iou(box) < SAME for face in self.faces) for box in told)


def visitor_frames(count: int) -> list[Shown]:
    """`count` 640x480 frames, 10 to a second: the built-in visitor, once arrived, in each."""
    camera, play = DemoCamera("?pace=off&loop=on", fps=FPS), PLAYS[""]
    shown: list[Shown] = []
    while len(shown) < count:
        frame = camera.read()
        assert frame is not None  # it loops
        height, width = frame.gray.shape
        faces = face_boxes(play, frame.timestamp % play.seconds, width, height)
        if faces:
            again = Frame(frame.gray, len(shown) / FPS, len(shown))  # no gap where it starts anew
            shown.append(Shown(again, tuple(faces)))
    return shown
