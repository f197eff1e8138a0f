"""A labelled face set into a camera's frame, where the detector has to find it.

The face's own 48x48 pixels are kept whole, since their label belongs to all of them. Around them
the picture goes on: their edge is drawn out, blurred, and fades into the desk, so that the cascade
meets a head in a room and not a cut-out with four edges.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.camera.demo import NOISE_LEVELS, Gray, Stage
from edge.camera.scenes import Play
from edge.vision.face import Box

WIDTH, HEIGHT = 640, 480
RIM = 0.3  # of the face's side, over which it fades into the desk
# The cascade tries sizes 1.2 apart; over one such step no size is luckier than another.
STEP = 1.2

Plane = NDArray[np.floating[Any]]


class Scene:
    """An empty desk that one face at a time is set into.

    Args:
        seed: Decides places, sizes and noise, together with the face's number.
    """

    def __init__(self, width: int = WIDTH, height: int = HEIGHT, seed: int = 0) -> None:
        self._stage = Stage(Play("an empty desk", 1.0, ()), width, height)
        self._size, self._seed = (width, height), seed

    def frame(self, face: Gray, side: int, index: int) -> tuple[Gray, Box]:
        """Set a (h, w) uint8 face into a frame, about `side` pixels large (within a tenth).

        Args:
            index: The face's number: with the seed, the same one gives the same frame.

        Returns:
            (height, width) uint8, and where the face's pixels lie in it.

        Raises:
            ValueError: the frame is too small for the face.
        """
        rng = np.random.default_rng((self._seed, side, index))
        near = round(side * STEP ** rng.uniform(-0.5, 0.5))
        room = [length - near for length in self._size]
        if min(room) < 0:
            raise ValueError(f"a face of {near} pixels has no room in {self._size}")
        x, y = (int(rng.integers(0, most + 1)) for most in room)
        truth = Box(x, y, near, near)
        desk = self._stage.render(0.0, index).astype(np.float32)
        return set_in(desk, face, truth, rng), truth


def set_in(scene: Plane, face: Gray, box: Box, rng: np.random.Generator) -> Gray:
    """Draw a (h, w) uint8 face over `box` of a (height, width) scene, its edge fading out.

    Returns:
        (height, width) uint8, with a sensor's noise on the face as on the rest.
    """
    rim = round(RIM * box.w)
    drawn = _drawn_out(_enlarged(face, box), rim)
    drawn += rng.normal(0, NOISE_LEVELS, drawn.shape).astype(np.float32)
    whole = Box(box.x - rim, box.y - rim, box.w + 2 * rim, box.h + 2 * rim)
    seen = whole.clipped(scene.shape[1], scene.shape[0])
    rows = slice(seen.y - whole.y, seen.y - whole.y + seen.h)
    columns = slice(seen.x - whole.x, seen.x - whole.x + seen.w)
    mask = fading(box, rim)[rows, columns]
    area = scene[seen.y : seen.y + seen.h, seen.x : seen.x + seen.w]
    area += mask * (drawn[rows, columns] - area)
    return np.clip(scene, 0, 255).astype(np.uint8)


def fading(box: Box, rim: int) -> Plane:
    """(h + 2 rim, w + 2 rim) from 1 on the box to 0 at the rim's end, with round corners."""
    across, down = (
        np.maximum(0.0, np.abs(np.arange(length + 2 * rim) - (length - 1) / 2 - rim) - length / 2)
        for length in (box.w, box.h)
    )
    away = np.hypot(down[:, None], across[None, :]) / max(rim, 1)
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.minimum(away, 1.0)))


def _enlarged(face: Gray, box: Box) -> Plane:
    kind = cv2.INTER_AREA if box.w < face.shape[1] else cv2.INTER_CUBIC
    sized = cv2.resize(face.astype(np.float32), (box.w, box.h), interpolation=kind)
    return np.asarray(np.clip(sized, 0, 255))


def _drawn_out(face: Plane, rim: int) -> Plane:
    """The face with `rim` pixels around it that go on as its edge does, ever more blurred."""
    if rim == 0:
        return face
    wide = cv2.copyMakeBorder(face, rim, rim, rim, rim, cv2.BORDER_REPLICATE)
    soft = cv2.GaussianBlur(wide, (0, 0), rim / 3)
    kept = fading(Box(0, 0, face.shape[1], face.shape[0]), rim) ** 4  # sharp at the edge only
    return np.asarray(soft + kept * (wide - soft), dtype=np.float32)
