"""A data set in the form in which it is read at once: a folder with one array file a split.

`<split>.images` is nothing but pixels, (n, 48, 48) uint8, to be mapped into memory; labels, votes
and names lie beside it, and `about.json`, written last, holds the size and sha256 of each file.
Needs numpy only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from edge.files import sha256
from edge.labels import EMOTIONS
from train.data.faces import SIDE, SPLITS, Face, FaceSet

FORMAT = 1  # counted up when the files, or what is read into them, change
ABOUT = "about.json"
PROGRESS = 5_000
Say = Callable[[str], None]


def write_pack(folder: Path, faces: Iterable[Face], notes: list[str], say: Say) -> None:
    """Write faces into an empty folder, one in memory at a time.

    Args:
        faces: At least one of each split.
        notes: What is to be said whenever the pack is read; may grow while `faces` is consumed.
        say: Told of the progress every 5,000 faces.

    Raises:
        OSError: the disk is full, or the folder cannot be written to.
    """
    labels: dict[str, bytearray] = {split: bytearray() for split in SPLITS}
    votes: dict[str, bytearray] = {split: bytearray() for split in SPLITS}
    names: dict[str, list[str]] = {split: [] for split in SPLITS}
    with ExitStack() as stack:
        files = {
            split: stack.enter_context((folder / f"{split}.images").open("wb")) for split in SPLITS
        }
        for count, face in enumerate(faces, start=1):
            files[face.split].write(face.image.tobytes())
            labels[face.split].append(face.label)
            votes[face.split] += face.votes.astype(np.float32).tobytes()
            names[face.split].append(face.name)
            if count % PROGRESS == 0:
                say(f"{count:,} faces read ...")
    for split in SPLITS:
        cast = np.frombuffer(votes[split], np.float32).reshape(-1, len(EMOTIONS))
        np.save(folder / f"{split}.labels.npy", np.frombuffer(labels[split], np.uint8))
        np.save(folder / f"{split}.votes.npy", cast)
        (folder / f"{split}.names.json").write_text(json.dumps(names[split]))
    written = {
        path.name: {"bytes": path.stat().st_size, "sha256": sha256(path)}
        for path in sorted(folder.iterdir())
    }
    about = {"format": FORMAT, "notes": notes, "files": written}
    (folder / ABOUT).write_text(json.dumps(about, indent=1))


def read_pack(folder: Path) -> tuple[dict[str, FaceSet], list[str]] | None:
    """Map a pack into memory.

    Returns:
        The splits by name, and the notes it was written with; or None if the folder holds no pack,
        or one of which a single byte is missing or not as it was written.
    """
    try:
        about: dict[str, Any] = json.loads((folder / ABOUT).read_text())
        if about["format"] != FORMAT:
            return None
        for name, told in about["files"].items():
            path = folder / name
            # the size first: it is cheaper to find out
            if path.stat().st_size != told["bytes"] or sha256(path) != told["sha256"]:
                return None
        return {split: _split(folder, split) for split in SPLITS}, list(about["notes"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _split(folder: Path, split: str) -> FaceSet:
    labels = np.load(folder / f"{split}.labels.npy").astype(np.int64)
    shape = (len(labels), SIDE, SIDE)
    return FaceSet(
        np.memmap(folder / f"{split}.images", dtype=np.uint8, mode="r", shape=shape),
        labels,
        np.load(folder / f"{split}.votes.npy"),
        names=np.array(json.loads((folder / f"{split}.names.json").read_text()), dtype=object),
    )
