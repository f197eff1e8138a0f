"""On whom a model fails, as far as pictures without names tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.shares import accuracies, calm_read_as_angry, share, truths
from edge.vision.face import Gray
from train.data import FaceSet
from train.metrics import ANGER, Probabilities

NOT_MEASURED = (
    "Not measured, since nothing in the data tells it: age, sex, skin tone, beard, glasses, "
    "make-up and culture. Head turn only roughly: a face unlike its own mirror image is turned, or "
    "lit from one side. Distance only as a shrunk face (--robustness, --end-to-end), not as a far "
    "one."
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
            name: {
                "accuracy": accuracies(told[mask], faces[mask]),
                "calm_as_angry": calm_read_as_angry(told[mask], faces[mask]),
            }
            for name, mask in zip(aspect.names, masks, strict=True)
        },
    }


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
