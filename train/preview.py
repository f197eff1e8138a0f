"""A picture of what the distortions do: one row a layer, then all of them, mixing, the input."""

from __future__ import annotations

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from train.augment import ToInput, distortions
from train.batches import Batches
from train.data import FaceSet, soft_targets

Gray = NDArray[np.uint8]

SHOWN = 96  # pixels a face in the picture
CAPTION = 150  # pixels
COLUMNS = 10
INK, PAPER = 40, 255


def preview(
    faces: FaceSet,
    strength: float,
    input_size: int,
    mixup: float = 0.0,
    cutmix: float = 0.0,
    seed: int = 0,
) -> Gray:
    """Draw `COLUMNS` faces as they are, after each distortion, and as the network gets them.

    Args:
        strength: As `Recipe.augment`.
        mixup, cutmix: As in the recipe; a row each where they are not 0.

    Returns:
        (h, w) uint8.
    """
    keras.utils.set_random_seed(seed)
    chosen = faces[np.random.default_rng(seed).permutation(len(faces))[:COLUMNS]]
    given = np.asarray(chosen.images, np.float32)[..., None]
    rows = [("as they are", given)]
    whole = given
    for layer in distortions(strength):
        rows.append((layer.name, _numbers(layer(given, training=True))))
        whole = _numbers(layer(whole, training=True))
    rows.append(("together", whole))
    rows.append((f"at {input_size} pixels", _numbers(ToInput(input_size)(whole))))
    targets = soft_targets(chosen)
    for name, value, blend, paste in (
        ("mixup", mixup, mixup, 0.0),
        ("cutmix", cutmix, 0.0, cutmix),
    ):
        if value > 0:
            mixed = Batches(chosen, targets, len(chosen), seed, mixup=blend, cutmix=paste)
            rows.append((f"{name} {value:g}", mixed[0][0]))
    return np.vstack([_row(caption, pictures) for caption, pictures in rows])


def _numbers(tensor: object) -> NDArray[np.float32]:
    return np.asarray(keras.ops.convert_to_numpy(tensor), np.float32)


def _row(caption: str, pictures: NDArray[np.float32]) -> Gray:
    head = np.full((SHOWN, CAPTION), PAPER, np.uint8)
    place = (8, SHOWN // 2 + 5)
    cv2.putText(head, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, INK, 1, cv2.LINE_AA)
    levels = np.clip(np.round(pictures[..., 0]), 0, 255).astype(np.uint8)
    drawn = [cv2.resize(one, (SHOWN, SHOWN), interpolation=cv2.INTER_NEAREST) for one in levels]
    return np.asarray(np.hstack([head, *drawn]), np.uint8)
