"""The golden file: inputs, and what each model file must answer, as it did when it was converted.

It holds pixels of drawn and averaged faces and of patterns, nobody's face. Pictures lie in it as
differences of neighbouring pixels, which halves it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.vision.card import ModelCard
from edge.vision.detect import DetectionConfig
from edge.vision.face import Box, Gray

FORMAT = 1
LARGEST = 64 << 20  # bytes, unpacked; a thousandth of it is usual
# Type, least and most of the first fields of DetectionConfig, so that OpenCV takes them.
_SEARCH = ((int, 16, 8192), (float, 0.01, 1), (float, 1.01, 4), (int, 0, 100), (float, 0, 10))
# What the arrays hold, in numpy's letters; a box of fractions would fail far from here.
_KINDS = {
    "shapes": "i",
    "crops": "u",
    "prepared": "u",
    "frame": "u",
    "search": "f",
    "full": "i",
    "near": "i",
    "files": "U",
    "exact": "b",
    "logits": "f",
    "probabilities": "f",
    "labels": "U",
}


@dataclass(frozen=True, eq=False)
class Answers:
    """What one model file answered.

    Attributes:
        logits: (n, k) float32, to the n prepared inputs.
        probabilities: (m, k) float32, to the m faces found in the frame.
        exact: Whether all its arithmetic is in integers, so that XNNPACK gives the same logits on
            every processor.
    """

    logits: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    exact: bool


@dataclass(frozen=True, eq=False)
class Golden:
    """What a device is compared with.

    Attributes:
        crops: n grey crops of several sizes, (h, w) uint8.
        prepared: (n, size, size) uint8: what `edge.vision.face.normalise` makes of them.
        frame: (h, w) uint8, as from a camera.
        search: How faces are searched in it.
        full: The m faces that a search of the whole frame finds, largest first.
        near: Where each of them is found again by a search around it.
        answers: By name of model file.
        labels: Of the logits, in their order; () in files that tell none.
    """

    crops: tuple[Gray, ...]
    prepared: NDArray[np.uint8]
    frame: Gray
    search: DetectionConfig
    full: tuple[Box, ...]
    near: tuple[Box, ...]
    answers: Mapping[str, Answers]
    labels: tuple[str, ...] = ()


def read_golden(card: ModelCard) -> Golden:
    """The golden file of a card.

    Raises:
        ModelError: the card names none, it is missing, not the one the card was written for, of
            another format, or does not fit the card.
    """
    content = card.verified_golden()
    name = card.path.parent / card.golden.name if card.golden else ""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            version = int(file["format"])
            arrays = _arrays(file) if version == FORMAT else {}
        golden = _unpacked(arrays) if arrays else None
        fits = golden is None or _fits(golden, card)
    except Exception as error:  # zip, deflate and numpy each have their own idea of an error
        raise ModelError(
            f"{name}: is not a golden file ({type(error).__name__}); reinstall the model or run "
            "edge-convert"
        ) from error
    if golden is None:
        raise ModelError(
            f"{name}: is a golden file of format {version}, and this edge-run reads {FORMAT}; "
            "install the edge-emotion it was made with, or run edge-convert"
        )
    if not fits:
        raise ModelError(
            f"{name}: was made for a model of other labels or input size than "
            f"{card.path.name} tells; reinstall the model or run edge-convert"
        )
    return golden


def pack(golden: Golden) -> bytes:
    """The content of a golden file; the same bytes each time."""
    held = io.BytesIO()
    np.savez_compressed(
        held,
        format=FORMAT,
        shapes=np.array([crop.shape for crop in golden.crops], np.int32),
        crops=np.concatenate([_differences(crop).ravel() for crop in golden.crops]),
        prepared=_differences(golden.prepared),
        frame=_differences(golden.frame),
        search=np.array(astuple(golden.search)[: len(_SEARCH)], np.float64),
        full=np.array(golden.full, np.int32),
        near=np.array(golden.near, np.int32),
        files=np.array(list(golden.answers), np.str_),
        exact=np.array([each.exact for each in golden.answers.values()], np.bool_),
        logits=np.stack([each.logits for each in golden.answers.values()]),
        probabilities=np.stack([each.probabilities for each in golden.answers.values()]),
        labels=np.array(golden.labels, np.str_),
    )
    return held.getvalue()


def _arrays(file: Any) -> dict[str, NDArray[Any]]:
    """What an open npz file holds, if it is of the right kinds and fits in the memory of a Pi."""
    if sum(one.file_size for one in file.zip.infolist()) > LARGEST:
        raise ValueError(f"more than {LARGEST} bytes")
    arrays = {key: file[key] for key in _KINDS if key in file.files}
    if wrong := [key for key, array in arrays.items() if array.dtype.kind != _KINDS[key]]:
        raise TypeError(f"{wrong[0]} holds {arrays[wrong[0]].dtype}")
    for key in ("logits", "probabilities"):
        if not np.isfinite(arrays[key]).all():
            raise ValueError(f"{key} are not all numbers")
    return arrays


def _unpacked(arrays: Mapping[str, NDArray[Any]]) -> Golden:
    shapes = arrays["shapes"].tolist()
    parts = np.split(arrays["crops"], np.cumsum([h * w for h, w in shapes])[:-1])
    logits, probabilities = (arrays[key].astype(np.float32) for key in ("logits", "probabilities"))
    columns = (arrays["files"], logits, probabilities, arrays["exact"])
    return Golden(
        crops=tuple(
            _summed(part.reshape(shape)) for part, shape in zip(parts, shapes, strict=True)
        ),
        prepared=_summed(arrays["prepared"]),
        frame=_summed(arrays["frame"]),
        search=_search(arrays["search"]),
        full=tuple(Box(*box) for box in arrays["full"].tolist()),
        near=tuple(Box(*box) for box in arrays["near"].tolist()),
        answers={
            str(file): Answers(inputs, faces, bool(exact))
            for file, inputs, faces, exact in zip(*columns, strict=True)
        },
        labels=tuple(map(str, arrays.get("labels", ()))),
    )


def _search(values: NDArray[Any]) -> DetectionConfig:
    if not all(
        least <= value <= most for (_, least, most), value in zip(_SEARCH, values, strict=True)
    ):
        raise ValueError(f"no search is {values.tolist()}")
    return DetectionConfig(
        *(kind(value) for (kind, *_), value in zip(_SEARCH, values, strict=True))
    )


def _fits(golden: Golden, card: ModelCard) -> bool:
    """Whether labels and shapes are those of this card's models, and all faces in the frame."""
    inputs, faces, labels = len(golden.crops), len(golden.full), len(card.labels)
    height, width = golden.frame.shape
    return (
        inputs > 0 < faces == len(golden.near)
        and golden.labels in {(), card.labels}
        and golden.prepared.shape == (inputs, card.input_size, card.input_size)
        and all(face.size for face in golden.crops)
        and all(box.clipped(width, height).area for box in golden.full)
        and all(
            each.logits.shape == (inputs, labels) and each.probabilities.shape == (faces, labels)
            for each in golden.answers.values()
        )
    )


def _differences(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Of (..., h, w) pixels to the left and above, modulo 256."""
    zero = np.uint8(0)
    return np.diff(np.diff(picture, axis=-1, prepend=zero), axis=-2, prepend=zero)


def _summed(differences: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The pixels again."""
    return differences.cumsum(axis=-2, dtype=np.uint8).cumsum(axis=-1, dtype=np.uint8)
