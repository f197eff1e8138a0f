"""A tiny FER-2013 of drawn faces: each class has brows, eyes and a mouth of its own."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.labels import EMOTIONS
from train.data import SPLITS, FaceSet

SIDE = 48
VOTE_COLUMNS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
FERPLUS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")

# slope of the brows, height of the eyes, and the mouth: width, height, first and last angle
LOOKS = {
    "angry": (5, 2, (9, 2, 180, 360)),
    "disgust": (3, 1, (5, 6, 180, 360)),
    "fear": (-4, 4, (10, 5, 0, 360)),
    "happy": (0, 3, (13, 8, 0, 180)),
    "sad": (-5, 2, (8, 6, 180, 360)),
    "surprise": (0, 6, (5, 8, 0, 360)),
    "neutral": (0, 3, (9, 0, 0, 360)),
}


def draw(emotion: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """One (48, 48) uint8 face, moved, lit and made noisy by `rng`."""
    brow, eye, (width, height, start, end) = LOOKS[emotion]
    dark, skin = int(rng.integers(20, 50)), int(rng.integers(160, 210))
    face = np.full((SIDE, SIDE), int(rng.integers(70, 110)), np.uint8)
    x, y = 24 + int(rng.integers(-1, 2)), 24 + int(rng.integers(-1, 2))
    cv2.ellipse(face, (x, y), (18, 23), 0, 0, 360, skin, -1)
    for side in (-1, 1):
        inner, outer = (x + 4 * side, y - 11 + brow // 2), (x + 13 * side, y - 11 - brow // 2)
        cv2.line(face, inner, outer, dark, 2)
        cv2.ellipse(face, (x + 8 * side, y - 5), (4, eye), 0, 0, 360, dark, -1)
    cv2.ellipse(face, (x, y + 11), (width, height), 0, start, end, dark, 2)
    noisy = face + rng.normal(0, 4, face.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def face_set(per_class: int, seed: int) -> FaceSet:
    """`per_class` faces of every emotion, each with nine or ten votes for it."""
    rng = np.random.default_rng(seed)
    labels = np.tile(np.arange(len(EMOTIONS)), per_class)
    votes = 9 * np.eye(len(EMOTIONS), dtype=np.float32)[labels]
    votes[np.arange(len(labels)), rng.integers(0, len(EMOTIONS), len(labels))] += 1
    images = np.stack([draw(EMOTIONS[label], rng) for label in labels])
    return FaceSet(images, labels.astype(np.int64), votes)


def splits(per_class: int = 8) -> dict[str, FaceSet]:
    """All three splits, no face in two of them."""
    return {name: face_set(per_class, seed) for seed, name in enumerate(SPLITS)}


def write(folder: Path, made: dict[str, FaceSet], votes: bool = True) -> Path:
    """Write them as Kaggle and FER+ do; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "fer2013.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["emotion", "pixels", "Usage"])
        for usage, faces in made.items():
            for image, label in zip(faces.images, faces.labels, strict=True):
                writer.writerow([label, " ".join(map(str, image.ravel())), usage])
    if votes:
        _write_votes(folder, made)
    return folder


def write_folders(
    folder: Path, made: dict[str, FaceSet], votes: bool = False, name: str = "{split}_{row:07d}.png"
) -> Path:
    """Write `train/<class>/` and `test/<class>/` as unpacked from the CSV; return the folder.

    Args:
        votes: Write FER+'s table beside them, too.
        name: Of each picture; `split`, `row` (counted over all splits) and `emotion` may occur.
    """
    row = 0
    for split, faces in made.items():
        for image, label in zip(faces.images, faces.labels, strict=True):
            inner = folder / ("train" if split == "Training" else "test") / EMOTIONS[label]
            inner.mkdir(parents=True, exist_ok=True)
            path = inner / name.format(split=split, row=row, emotion=EMOTIONS[label])
            assert cv2.imwrite(str(path), image)
            row += 1
    if votes:
        _write_votes(folder, made)
    return folder


def write_classes(folder: Path, faces: FaceSet, names: Mapping[str, str] | None = None) -> Path:
    """Write one folder a class, called as `names` says; return the folder."""
    for index, (image, label) in enumerate(zip(faces.images, faces.labels, strict=True)):
        inner = folder / (names or {}).get(EMOTIONS[label], EMOTIONS[label])
        inner.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(inner / f"{index:04d}.png"), image)
    return folder


def _write_votes(folder: Path, made: dict[str, FaceSet]) -> None:
    row = 0
    with (folder / "fer2013new.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Usage", "Image name", *VOTE_COLUMNS])
        for usage, faces in made.items():
            for votes in faces.votes.astype(int):
                counts = dict(zip(FERPLUS, votes, strict=True))
                cells = [counts.get(column, 0) for column in VOTE_COLUMNS]
                writer.writerow([usage, f"fer{row:07d}.png", *cells])
                row += 1
