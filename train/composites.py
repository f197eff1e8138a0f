"""The built-in visitor's faces: each the average of dozens of faces, so it shows nobody.

The faces on which the FER+ annotators agree best are brought into register with their own average
(ECC alignment, Evangelidis and Psarakis 2008) and averaged again, which keeps brows and mouth
sharper than a plain average does. No model has a say in which faces are taken.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.files import replacing
from edge.labels import EMOTIONS
from train.data import SIDE, FaceSet

AGREE = 9  # annotators, of ten
FACES = 40  # in each average
ALIKE = 0.8  # correlation from which two faces count as one: the set holds many copies
ROUNDS = 3
SHARPEN, BLUR = 1.0, 2.0  # unsharp mask: its weight, its radius in pixels
CONTRAST = 50.0  # standard deviation in grey levels; averaging has cost some
SHOWN = ("neutral", "angry", "happy", "sad", "surprise")  # fear and disgust have too few faces


def composites(faces: FaceSet, say: Callable[[str], None] = print) -> dict[str, NDArray[np.uint8]]:
    """One (48, 48) uint8 average face per emotion.

    Raises:
        DataError: too few faces that the annotators agree on.
    """
    made = {}
    for emotion in SHOWN:
        column = EMOTIONS.index(emotion)
        agreed = np.flatnonzero(faces.votes[:, column] >= AGREE)
        if len(agreed) < FACES:
            raise DataError(
                f"--data: {len(agreed)} faces are called {emotion} by {AGREE} of ten FER+ "
                f"annotators; a composite that shows nobody needs {FACES}"
            )
        chosen = _typical(np.stack([_even(face) for face in faces.images[agreed]]))
        if len(chosen) < FACES:
            raise DataError(f"--data: only {len(chosen)} different faces are called {emotion}")
        made[emotion] = _average(chosen)
        say(f"{emotion}: the average of {FACES} of {len(agreed)} faces")
    return made


def write(made: dict[str, NDArray[np.uint8]], folder: Path) -> None:
    """Write `<emotion>.png` for each face."""
    for emotion, face in made.items():
        with replacing(folder / f"{emotion}.png") as beside:
            cv2.imwrite(str(beside), face)


def _even(face: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Bring every face to one brightness and contrast, so that each counts the same."""
    values = face.astype(np.float32)
    return np.asarray(128 + 48 * (values - values.mean()) / max(values.std(), 1e-3), np.float32)


def _typical(stack: NDArray[np.float32]) -> NDArray[np.float32]:
    """The faces most like the mean, no two of them alike.

    Copies of one picture would make the average a portrait of that person.
    """
    kept: list[int] = []
    for index in np.argsort(-_likeness(stack, stack.mean(axis=0))):
        others = stack[kept]
        both = np.concatenate([others, others[:, :, ::-1]])
        if not kept or _likeness(both, stack[index]).max() < ALIKE:
            kept.append(int(index))
        if len(kept) == FACES:
            break
    return stack[kept]


def _average(typical: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Align faces to their mean, average them, give back the sharpness and contrast it costs."""
    mean = typical.mean(axis=0)
    for _ in range(ROUNDS):
        mean = np.stack([_registered(face, mean) for face in typical]).mean(axis=0)
    mean = mean + SHARPEN * (mean - cv2.GaussianBlur(mean, (0, 0), BLUR))
    spread = (mean - mean.mean()) / mean.std() * CONTRAST + 124
    return np.asarray(np.clip(spread, 0, 255), dtype=np.uint8)


def _likeness(stack: NDArray[np.float32], mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """Correlation of each face with the mean."""
    flat, target = stack.reshape(len(stack), -1) - 128, (mean - mean.mean()).ravel()
    lengths = np.linalg.norm(flat, axis=1) * np.linalg.norm(target)
    return np.asarray(flat @ target / np.maximum(lengths, 1e-6))  # a flat picture is like nothing


def _registered(face: NDArray[np.float32], target: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move, turn and scale `face` onto `target`; left as it is where no good fit is found."""
    warp = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 50, 1e-4)
    try:
        # no mask, smoothed over 5 pixels; the stubs do not know that the mask may be None
        cv2.findTransformECC(target, face, warp, cv2.MOTION_AFFINE, stop, None, 5)  # type: ignore[call-overload]
    except cv2.error:
        return face
    if np.abs(warp - np.eye(2, 3)).max() > 6 or np.abs(warp[:, :2] - np.eye(2)).max() > 0.25:
        return face
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(face, warp, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.float32)
