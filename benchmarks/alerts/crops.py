"""One face picture as a camera would see it again and again: many crops, none like another.

What is drawn was measured with the detector of this project on 90 faces of PublicTest and on the
built-in visitor, 150 to 180 pixels wide, swaying a little: from frame to frame the box wanders by
0.8% of its width and its size by 2.3%, nearly independently, around an offset and size of its own.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.progress import progress
from edge.vision.expression import ExpressionModel
from edge.vision.face import Box, Gray, crop
from train.data import SIDE

CROPS = 12  # of one face; a visit draws its readings from them
ON_CAMERA = 144  # pixels across the face: a visitor at a desk
BORDER = 24  # pixels around it, more than the box ever strays

BOX_SIZE = 0.97  # of the face, mean
OWN_SIZE, OWN_OFFSET = 0.03, 0.02  # standard deviation from face to face, the same all visit
SIZE, OFFSET = 0.023, 0.008  # and from frame to frame
DEGREES = 2.0  # of the head's tilt
GAIN, LEVEL = 0.05, 3.0  # of the light: a factor's logarithm, and grey levels
NOISE = 2.5  # of the sensor, in grey levels
NOISE_PLANES = 8  # drawn once and taken at random


def read_faces(
    model: ExpressionModel,
    images: NDArray[np.uint8],
    seed: int,
    count: int = CROPS,
    mirror: bool = False,
) -> NDArray[np.float32]:
    """What the model says of `count` crops of each face.

    Args:
        images: (n, 48, 48) uint8.
        seed: Of all that is drawn; a face's crops depend on it and on the face's place alone.
        mirror: Read each crop and its mirror image, of half as many crops: as the pipeline does
            with this key of its configuration, at the same cost.

    Returns:
        (n, v, crops, k) float32 probabilities by view v of the face: as it is and, with `mirror`,
        mirrored.
    """
    noise = np.random.default_rng(seed).normal(0, NOISE, (NOISE_PLANES, *_SHAPE))
    planes = noise.astype(np.float32)
    drawn, margin, told = (count + 1) // 2 if mirror else count, model.card.crop_margin, []
    for i, image in enumerate(progress(images, "reading faces", len(images))):
        seen = jittered(image, np.random.default_rng((seed, i)), drawn, planes, margin)
        views = (seen, [face[:, ::-1] for face in seen]) if mirror else (seen,)
        told.append([model.predict(view) for view in views])
    return np.array(told)


_SHAPE = (ON_CAMERA + 2 * BORDER, ON_CAMERA + 2 * BORDER)


def jittered(
    image: NDArray[np.uint8],
    rng: np.random.Generator,
    count: int,
    noise: NDArray[np.float32],
    margin: float = 0.0,
) -> list[Gray]:
    """Crops of one (48, 48) uint8 face as the detector would cut them from a camera's frames.

    Args:
        noise: (p, 192, 192) float32, the sensor's, of which each frame takes one.
        margin: The model card's crop margin.
    """
    own = (1 + rng.normal(0, OWN_SIZE), *rng.normal(0, OWN_OFFSET, 2))
    return [
        crop(_frame(image, rng, noise), _box(rng, *map(float, own)), margin) for _ in range(count)
    ]


def _frame(image: NDArray[np.uint8], rng: np.random.Generator, noise: NDArray[np.float32]) -> Gray:
    middle = (SIDE - 1) / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), rng.normal(0, DEGREES), ON_CAMERA / SIDE)
    matrix[:, 2] += np.full(2, (_SHAPE[0] - 1) / 2 - middle)
    frame = cv2.warpAffine(
        image.astype(np.float32),
        matrix,
        _SHAPE[::-1],
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    lit = frame * np.exp(rng.normal(0, GAIN)) + rng.normal(0, LEVEL) + rng.choice(noise)
    return np.asarray(np.clip(lit, 0, 255), np.uint8)


def _box(rng: np.random.Generator, size: float, x: float, y: float) -> Box:
    side = round(ON_CAMERA * BOX_SIZE * (size + rng.normal(0, SIZE)))
    dx, dy = ON_CAMERA * (np.array((x, y)) + rng.normal(0, OFFSET, 2))
    corner = (_SHAPE[0] - side) / 2
    return Box(round(corner + float(dx)), round(corner + float(dy)), side, side)
