"""A contact sheet of the worst: one picture file, a row a kind, captions below each face.

It shows people. It belongs where the data is, and nowhere else.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import OutputError
from edge.files import replacing
from train.audit.findings import Findings
from train.audit.worst import Worst, worst

A_ROW = 7
FACE = 96  # pixels on the sheet
GAP = 8
TILE = 2 * FACE + GAP, FACE + 72  # width and height: two faces beside each other, five lines
TITLE = 26
PAPER, INK, HEADING = 255, 40, 0
FONT, TEXT, HEAD = cv2.FONT_HERSHEY_SIMPLEX, 0.36, 0.5
LINE = 13
LETTERS = 31  # in a line of a tile's width

Gray = NDArray[np.uint8]


def draw_sheet(findings: Findings, a_row: int = A_ROW) -> Gray:
    """(h, w) uint8: the worst `a_row` of every kind that was found."""
    rows = [_row(findings, kind, a_row) for kind in worst(findings, a_row)]
    if not rows:
        rows = [_strip("nothing found", a_row)]
    return np.concatenate(rows)


def write_sheet(findings: Findings, path: Path, a_row: int = A_ROW) -> None:
    """Write the sheet as a picture, in the format of the path's ending.

    Raises:
        OutputError: it cannot be written, or OpenCV does not know the ending.
    """
    with replacing(path) as beside:
        try:
            written = cv2.imwrite(str(beside), draw_sheet(findings, a_row))
        except cv2.error:
            written = False
        if not written:
            raise OutputError(f"{path}: cannot be written as a picture; give a name that ends .png")


def _row(findings: Findings, kind: Worst, a_row: int) -> Gray:
    sheet = np.full((TITLE + TILE[1], a_row * (TILE[0] + GAP) + GAP), PAPER, np.uint8)
    _write(sheet, f"{kind.title}: {kind.count:,}", GAP, TITLE - 8, HEAD, HEADING)
    for place, (faces, why) in enumerate(zip(kind.faces, kind.why, strict=True)):
        left = GAP + place * (TILE[0] + GAP)
        _tile(sheet[TITLE:, left : left + TILE[0]], findings, np.atleast_1d(faces), why)
    return sheet


def _strip(text: str, a_row: int) -> Gray:
    strip = np.full((TITLE, a_row * (TILE[0] + GAP) + GAP), PAPER, np.uint8)
    _write(strip, text, GAP, TITLE - 8, HEAD, HEADING)
    return strip


def _tile(tile: Gray, findings: Findings, faces: NDArray[np.int64], why: str) -> None:
    """Draw one face or a pair with why, where from and how labelled."""
    for place, image in enumerate(findings.gallery.images(faces)):
        left = place * (FACE + GAP)
        tile[:FACE, left : left + FACE] = cv2.resize(image, (FACE, FACE))
    lines = [why]
    for face in map(int, faces):
        lines += [_source(findings, face), _labels(findings, face)]
    for number, line in enumerate(lines, start=1):
        _write(tile, line[:LETTERS], 0, FACE + LINE * number, TEXT, INK)


def _source(findings: Findings, face: int) -> str:
    """Split and name; of a long path the end, which is what tells files apart."""
    split, name = findings.gallery.place(face)
    room = LETTERS - len(split) - 1
    return f"{split} {name if len(name) <= room else '..' + name[2 - room :]}"


def _labels(findings: Findings, face: int) -> str:
    gallery = findings.gallery
    told = str(gallery.classes[gallery.labels[face]])
    if not gallery.votes[face].any():
        return told
    top = int(gallery.votes[face].argmax())
    return f"{told}, FER+ {gallery.classes[top]} {gallery.votes[face, top]:.0f}"


def _write(sheet: Gray, text: str, x: int, y: int, scale: float, ink: int) -> None:
    plain = text.encode("ascii", "replace").decode()  # the font has no other letters
    cv2.putText(sheet, plain, (x, y), FONT, scale, ink, 1, cv2.LINE_AA)
