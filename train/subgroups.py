"""On whom a model fails, as far as pictures without names tell.

Loads with numpy only; what looks at pixels as OpenCV does imports it then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.data import SIDE, FaceSet
from train.metrics import ANGER, Probabilities
from train.shares import accuracies, calm_read_as_angry, share, truths

Gray = NDArray[np.uint8]
SIZES = (40, 32, 24)  # pixels across a face, in place of `SIDE`

NOT_MEASURED = (
    "Not measured, since nothing in the data tells it: age, sex, skin tone, beard, glasses, "
    "make-up and culture. Head turn only roughly: a face unlike its own mirror image is turned, or "
    "lit from one side. Distance only as the same face shrunk, not as a far one."
)


@dataclass(frozen=True)
class Aspect:
    """Something that differs between faces and can be read off their pixels.

    Attributes:
        names: Of the lower, the middle and the upper third.
        of: Its value of one (h, w) uint8 face.
    """

    names: tuple[str, str, str]
    of: Callable[[Gray], float]


def brightness(face: Gray) -> float:
    """Mean grey level."""
    return float(face.mean())


def contrast(face: Gray) -> float:
    """Standard deviation in grey levels."""
    return float(face.std())


def asymmetry(face: Gray) -> float:
    """1 less the correlation of a face with its mirror image: 0 for the same on both sides.

    A rough stand-in for how far a head is turned; light from one side counts as well.
    """
    values = face.astype(np.float64) - face.mean()
    power = float((values**2).sum())
    return 1 - float((values * values[:, ::-1]).sum()) / power if power else 0.0


def _sharpness(face: Gray) -> float:
    from train.collect.quality import sharpness

    return sharpness(face)


ASPECTS: Mapping[str, Aspect] = {
    "brightness": Aspect(("dark", "middle", "bright"), brightness),
    "contrast": Aspect(("flat", "middle", "strong"), contrast),
    "sharpness": Aspect(("soft", "middle", "sharp"), _sharpness),
    "left and right": Aspect(("alike", "middle", "unlike: turned, or lit from a side"), asymmetry),
}


def thirds(values: NDArray[np.float64]) -> tuple[list[NDArray[np.bool_]], list[float]]:
    """Split (n,) values into a lower, a middle and an upper third.

    Returns:
        Three (n,) masks, of which exactly one holds each value, and the two values between them.
    """
    low, high = (float(edge) for edge in np.quantile(values, [1 / 3, 2 / 3]))
    return [values <= low, (values > low) & (values <= high), values > high], [low, high]


def subgroups(told: Probabilities, faces: FaceSet, threshold: float) -> dict[str, Any]:
    """Accuracy, and neutral read as angry, in thirds of the faces by each aspect.

    Args:
        told: (n, k) probabilities.
        threshold: Of anger, from which the default rule counts.

    Returns:
        `aspects` by name: `edges` between the thirds and `groups` by name, each with `accuracy`
        and `calm_as_angry` by label set; `as_angry`, see `read_as_angry`; `not_measured`.
    """
    return {
        "aspects": {name: _thirds_of(aspect, told, faces) for name, aspect in ASPECTS.items()},
        "threshold": threshold,
        "as_angry": read_as_angry(told, faces, threshold),
        "not_measured": NOT_MEASURED,
    }


def _thirds_of(aspect: Aspect, told: Probabilities, faces: FaceSet) -> dict[str, Any]:
    masks, edges = thirds(np.array([aspect.of(face) for face in faces.images]))
    return {
        "edges": edges,
        "groups": {
            name: _scores(told[mask], faces[mask])
            for name, mask in zip(aspect.names, masks, strict=True)
        },
    }


def _scores(told: Probabilities, faces: FaceSet) -> dict[str, Any]:
    return {
        "accuracy": accuracies(told, faces),
        "calm_as_angry": calm_read_as_angry(told, faces),
    }


def by_size(
    read: Callable[[Sequence[Gray]], Probabilities], told: Probabilities, faces: FaceSet
) -> dict[str, Any]:
    """Accuracy, and neutral read as angry, of the same faces with ever fewer pixels.

    Args:
        read: From n grey faces of any size to (n, k) probabilities, as the device does.
        told: (n, k) probabilities of the faces as they are.

    Returns:
        By pixels across, `SIDE` and then each of `SIZES`: `accuracy` and `calm_as_angry` by label
        set.
    """
    smaller = {
        str(side): _scores(read([shrunk(face, side) for face in faces.images]), faces)
        for side in SIZES
    }
    return {str(SIDE): _scores(told, faces)} | smaller


def shrunk(face: Gray, side: int) -> Gray:
    """A (h, w) uint8 face as a camera sees it that has (side, side) pixels for it.

    The face itself where it has no more than that.
    """
    if side >= face.shape[0]:
        return face
    import cv2

    return np.asarray(cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def read_as_angry(told: Probabilities, faces: FaceSet, threshold: float) -> dict[str, Any]:
    """By label set and true label, the share whose top label is anger, and that above `threshold`.

    Empty where the model tells no anger.
    """
    if ANGER not in faces.classes:
        return {}
    angry = faces.classes.index(ANGER)
    top, above = told.argmax(axis=1) == angry, told[:, angry] >= threshold
    return {
        labels: {
            name: {
                "top": share(top[truth == index]),
                "above": share(above[truth == index]),
            }
            for index, name in enumerate(faces.classes)
        }
        for labels, truth in truths(faces).items()
    }
