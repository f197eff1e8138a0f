"""Single pictures: finding them, opening them without trust, reading every face in them."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import imagesize
import numpy as np
from numpy.typing import NDArray

from edge.errors import PictureError, PictureNotFoundError
from edge.fetch import fetch
from edge.labels import valence
from edge.quiet import native_stderr_discarded
from edge.vision.detect import Detector
from edge.vision.expression import ExpressionModel
from edge.vision.face import Box, Gray, crop

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
MAX_BYTES = 40_000_000
MAX_PIXELS = 50_000_000  # 150 MB decoded; a Zero 2 W has 290 MB
SEARCH_SIDE = 1024  # a larger picture is searched on a copy shrunk to this
MIN_FACE_SHARE = 0.03  # of the searched copy's longer side
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
FRAME = 0.25  # added around a picture that is nothing but a face


@dataclass(frozen=True)
class Face:
    """One face in a picture: its box in pixels, its probabilities by the model's labels."""

    box: Box
    probabilities: dict[str, float]

    @property
    def emotion(self) -> str:
        """The most probable label."""
        return max(self.probabilities, key=self.probabilities.__getitem__)

    def as_json(self) -> dict[str, Any]:
        """The face as `edge-run --image --json` prints it."""
        return {
            "box": list(self.box),
            "emotion": self.emotion,
            "probabilities": {k: round(v, 4) for k, v in self.probabilities.items()},
            "valence": {k: round(v, 4) for k, v in valence(self.probabilities).items()},
        }


def find_pictures(source: str) -> Iterator[str]:
    """The pictures that a path, a folder or an address stands for; a folder's in order of name.

    Raises:
        PictureNotFoundError: nothing is there, or the folder holds no picture.
    """
    if _is_address(source):
        yield source
        return
    if not source:  # as from an unset variable in a script, which must not mean this folder
        raise PictureNotFoundError("--image got an empty name; give a picture, folder or address")
    path = Path(source)
    try:
        folder = stat.S_ISDIR(path.stat().st_mode)
        inside = sorted(path.iterdir()) if folder else []
    except (FileNotFoundError, NotADirectoryError):
        raise PictureNotFoundError(f"{source}: no such file or folder; check the path") from None
    except OSError as error:
        raise PictureError(
            f"{source}: cannot be read ({error.strerror}); check the path and its permissions"
        ) from error
    if not folder:
        yield source
        return
    found = [p for p in inside if p.suffix.lower() in SUFFIXES and p.is_file()]
    if not found:
        raise PictureNotFoundError(
            f"{source}: no pictures in this folder; {', '.join(SUFFIXES)} are read"
        )
    yield from map(str, found)


def _is_address(source: str) -> bool:
    return re.match(r"(?i)[a-z][a-z0-9+.-]*://", source) is not None


def read_picture(source: str) -> NDArray[np.uint8]:
    """Open a picture from a path or an http(s) address: (h, w, 3) uint8 BGR, upright.

    Raises:
        PictureError: it is missing, empty, too large, no picture or damaged.
    """
    if not _is_address(source):
        content = _file_content(Path(source))
    elif source.lower().startswith(("http://", "https://")):
        content = _bearable(fetch(source, MAX_BYTES), source)
    else:
        raise PictureError(f"{source}: only http:// and https:// addresses are read")
    return _decoded(content, source)


def _decoded(content: bytes, source: str) -> NDArray[np.uint8]:
    if not content:
        raise PictureError(f"{source}: is empty; save or send the picture again")
    width, height = _size(content)
    if width * height > MAX_PIXELS:
        raise PictureError(
            f"{source}: {width}x{height} pixels are more than the {MAX_PIXELS // 1_000_000} "
            "million that are read; make it smaller"
        )
    decoded = None
    # What hides its size from the check above could be of any.
    if width and height and _chunks_fit(content):
        with suppress(cv2.error), native_stderr_discarded():  # libpng and libjpeg tell of damage
            decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise PictureError(
            f"{source}: is not a picture, or damaged; {', '.join(SUFFIXES)} are read"
        )
    return np.asarray(decoded, dtype=np.uint8)


def read_faces(
    picture: NDArray[np.uint8], detector: Detector, model: ExpressionModel
) -> list[Face]:
    """Find and read every face in a (h, w, 3) uint8 BGR picture, largest first."""
    gray: Gray = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    boxes = _search(gray, detector)
    if not boxes:
        return []
    crops = [crop(gray, box, model.card.crop_margin) for box in boxes]
    return [
        Face(box, dict(zip(model.labels, map(float, row), strict=True)))
        for box, row in zip(boxes, model.predict(crops), strict=True)
    ]


def _search(gray: Gray, detector: Detector) -> list[Box]:
    """Search a copy of bearable size; if nobody is there, ask whether it is all one face."""
    height, width = gray.shape
    shrink = min(1.0, SEARCH_SIDE / max(height, width))
    small = _resized(gray, shrink)
    floor = max(24, round(MIN_FACE_SHARE * max(small.shape)))
    boxes = [
        box.scaled(1 / shrink).clipped(width, height) for box in detector.thorough(small, floor)
    ]
    boxes = [box for box in boxes if box.area > 0]
    return boxes or _filling(gray, detector)


def _filling(gray: Gray, detector: Detector) -> list[Box]:
    """The face that fills a tight crop: the cascade wants some room around it."""
    height, width = gray.shape
    if min(gray.shape) < 24:
        return []
    factor = 120 / min(gray.shape)
    small = _resized(gray, factor)
    dy, dx = round(FRAME * small.shape[0]), round(FRAME * small.shape[1])
    framed = cv2.copyMakeBorder(small, dy, dy, dx, dx, cv2.BORDER_REPLICATE)
    found = detector.thorough(np.asarray(framed, dtype=np.uint8), 72)[:1]
    shifted = (Box(box.x - dx, box.y - dy, box.w, box.h).scaled(1 / factor) for box in found)
    return [box for box in (face.clipped(width, height) for face in shifted) if box.area > 0]


def _resized(gray: Gray, factor: float) -> Gray:
    """Scale both sides, each to at least one pixel: a 1x3000 strip is a picture too."""
    if factor == 1:
        return gray
    size = tuple(max(1, round(side * factor)) for side in gray.shape[::-1])
    kind = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(gray, size, interpolation=kind), dtype=np.uint8)


def _size(content: bytes) -> tuple[int, int]:
    """Width and height as the header claims, without decoding; (0, 0) where it says nothing."""
    import io

    try:
        width, height = imagesize.get(io.BytesIO(content))
    except Exception:  # a damaged header can make it stumble anywhere; decoding will tell
        return 0, 0
    return max(int(width), 0), max(int(height), 0)


def _chunks_fit(content: bytes) -> bool:
    """Whether each chunk of a PNG lies inside the file; true of every other format.

    OpenCV allots what a chunk claims before it looks for it: up to 2 GB for 100 bytes.
    """
    if not content.startswith(PNG_SIGNATURE):
        return True
    place = len(PNG_SIGNATURE)
    while place + 8 <= len(content):
        if content[place + 4 : place + 8] == b"IEND":
            return True
        place += 12 + int.from_bytes(content[place : place + 4], "big")  # length, kind, check sum
    return place <= len(content)


def _file_content(path: Path) -> bytes:
    try:
        # Asked before it is opened: opening a pipe waits for whoever is at its other end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise PictureError(f"{path}: is not a file; give a picture or a folder of pictures")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise PictureNotFoundError(f"{path}: no such file; check the path") from None
    except OSError as error:
        raise PictureError(
            f"{path}: cannot be read ({error.strerror}); check the path and its permissions"
        ) from error
    return _bearable(content, str(path))


def _bearable(content: bytes, source: str) -> bytes:
    if len(content) > MAX_BYTES:
        raise PictureError(
            f"{source}: is larger than the {MAX_BYTES // 1_000_000} MB that are read; "
            "make it smaller"
        )
    return content
