"""Single pictures: finding them, opening them without trust, reading every face in them."""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import imagesize
import numpy as np
from numpy.typing import NDArray

from edge import __version__
from edge.errors import PictureError, PictureNotFoundError
from edge.labels import valence
from edge.vision.detect import Detector
from edge.vision.expression import ExpressionModel
from edge.vision.face import Box, Gray, crop

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
MAX_BYTES = 40_000_000
MAX_PIXELS = 50_000_000  # 150 MB decoded; a Zero 2 W has 290 MB
SEARCH_SIDE = 1024  # a larger picture is searched on a copy shrunk to this
MIN_FACE_SHARE = 0.03  # of the searched copy's longer side
FRAME = 0.25  # added around a picture that is nothing but a face
URL_TIMEOUT = 10.0


@dataclass(frozen=True)
class Face:
    """One face in a picture: its box in pixels, its probabilities by emotion."""

    box: Box
    probabilities: dict[str, float]

    @property
    def emotion(self) -> str:
        """The most probable emotion."""
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
    if re.match(r"[a-z][a-z0-9+.-]*://", source):
        yield source
        return
    path = Path(source)
    if not path.exists():
        raise PictureNotFoundError(f"{source}: no such file or folder")
    if not path.is_dir():
        yield source
        return
    found = [p for p in sorted(path.iterdir()) if p.suffix.lower() in SUFFIXES and p.is_file()]
    if not found:
        raise PictureNotFoundError(f"{source}: no pictures in this folder ({' '.join(SUFFIXES)})")
    yield from map(str, found)


def read_picture(source: str) -> NDArray[np.uint8]:
    """Open a picture from a path or an http(s) address: (h, w, 3) uint8 BGR, upright.

    Raises:
        PictureError: it is missing, empty, too large, no picture or damaged.
    """
    content = _fetched(source) if "://" in source else _file_content(Path(source))
    if not content:
        raise PictureError(f"{source}: is empty")
    width, height = _size(content)
    if width * height > MAX_PIXELS:
        raise PictureError(
            f"{source}: {width}x{height} pixels are more than the {MAX_PIXELS // 1_000_000} "
            "million that are read; make it smaller"
        )
    try:
        decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        decoded = None
    if decoded is None:
        raise PictureError(f"{source}: is not a picture, or damaged; {', '.join(SUFFIXES)} are read")
    return np.asarray(decoded, dtype=np.uint8)


def read_faces(picture: NDArray[np.uint8], detector: Detector, model: ExpressionModel) -> list[Face]:
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
    boxes = [box.scaled(1 / shrink).clipped(width, height) for box in detector.thorough(small, floor)]
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


def _file_content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if not path.is_file():
                raise PictureError(f"{path}: is not a file")
            size = os.fstat(file.fileno()).st_size
            if size > MAX_BYTES:
                raise PictureError(f"{path}: {size} bytes are more than the {MAX_BYTES} read")
            return file.read()
    except FileNotFoundError:
        raise PictureNotFoundError(f"{path}: no such file") from None
    except OSError as error:
        raise PictureError(f"{path}: cannot be read ({error.strerror})") from error


def _fetched(address: str) -> bytes:
    if not address.startswith(("http://", "https://")):
        raise PictureError(f"{address}: only http:// and https:// addresses are read")
    request = urllib.request.Request(
        address, headers={"User-Agent": f"edge-emotion/{__version__}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=URL_TIMEOUT) as answer:
            content: bytes = answer.read(MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        raise PictureError(f"{address}: the server answered {error.code} {error.reason}") from error
    except (OSError, ValueError) as error:  # URLError, a time-out, a malformed address
        reason = getattr(error, "reason", None) or error
        raise PictureNotFoundError(f"{address}: does not answer ({reason})") from error
    if len(content) > MAX_BYTES:
        raise PictureError(f"{address}: sends more than the {MAX_BYTES} bytes read")
    return content
