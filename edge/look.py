"""`edge-run --image`: picture after picture, each with one answer or one line of error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.annotate import annotate
from edge.config import Config
from edge.errors import OutputError, PictureError
from edge.files import replacing
from edge.message import one_line
from edge.pictures import Face, find_pictures, read_faces, read_picture
from edge.vision.detect import Detector
from edge.watch import load_configured

LONGEST_STEM = 200  # bytes; a file's name may have 255, and endings are added


def look_at(
    sources: Sequence[str], config: Config, as_json: bool, folder: Path | None = None
) -> int:
    """Read every picture that `sources` stand for and print what is in it.

    A picture that cannot be read costs one line on stderr, not the others.

    Returns:
        0, or the exit code of the first picture that could not be read.
    """
    model, detector = load_configured(config), Detector(config.detection)
    code = 0
    names = list(_names(sources))
    folder = _ready(folder) if folder is not None else None
    # A picture that was given is never written over, also not by another one's annotated copy.
    taken = {Path(name).resolve() for name in names if isinstance(name, str)}
    for name in names:
        try:
            if isinstance(name, PictureError):
                raise name
            picture = read_picture(name)
            faces = read_faces(picture, detector, model)
        except PictureError as error:
            print(f"edge-run: error: {one_line(str(error))}", file=sys.stderr, flush=True)
            code = code or error.exit_code
            continue
        print(
            _as_json(name, picture, faces) if as_json else _as_line(one_line(name), faces),
            flush=True,
        )
        if folder is not None:
            _write(_free_name(folder, name, taken), picture, faces)
    return code


def _names(sources: Sequence[str]) -> Iterator[str | PictureError]:
    for source in sources:
        try:
            yield from find_pictures(source)
        except PictureError as error:
            yield error


def _as_json(name: str, picture: NDArray[np.uint8], faces: Sequence[Face]) -> str:
    height, width = picture.shape[:2]
    told = {"image": name, "width": width, "height": height}
    return json.dumps(told | {"faces": [face.as_json() for face in faces]})


def _as_line(name: str, faces: Sequence[Face]) -> str:
    if not faces:
        return f"{name}: no face found"
    return f"{name}: " + "; ".join(
        f"{_title(face)} at {face.box.x},{face.box.y} ({face.box.w} px)" for face in faces
    )


def _title(face: Face) -> str:
    return f"{face.emotion} {face.probabilities[face.emotion]:.0%}"


def _ready(folder: Path) -> Path:
    """Make the folder for annotated pictures; found out before the work, not after.

    Raises:
        OutputError: it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reason = "" if os.access(folder, os.W_OK | os.X_OK) else "no permission"
    except FileExistsError:
        reason = "a file is in its place"
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        raise OutputError(f"--annotate {folder}: cannot be written to ({reason}); choose another")
    return folder.resolve()


def _free_name(folder: Path, source: str, taken: set[Path]) -> Path:
    """A name in `folder` for this picture; two pictures of one name get two files."""
    stem = Path(urlsplit(source).path if "://" in source else source).stem or "picture"
    stem = os.fsdecode(os.fsencode(stem)[:LONGEST_STEM])
    path, count = folder / f"{stem}.annotated.png", 1
    while path in taken:
        count += 1
        path = folder / f"{stem}-{count}.annotated.png"
    taken.add(path)
    return path


def _write(path: Path, picture: NDArray[np.uint8], faces: Sequence[Face]) -> None:
    drawn = annotate(picture, [(face.box, _title(face), face.probabilities) for face in faces])
    encoded = cv2.imencode(".png", drawn)[1]
    with replacing(path) as beside:
        beside.write_bytes(encoded.tobytes())
