"""A name for a set of faces, from what it holds."""

from __future__ import annotations

import hashlib

from train.data import FaceSet

PIECE = 4096  # faces read at a time


def faces_digest(faces: FaceSet) -> str:
    """SHA-256 over images, labels and votes, read in pieces."""
    digest = hashlib.sha256()
    for start in range(0, len(faces), PIECE):
        digest.update(faces.images[start : start + PIECE].tobytes())
    digest.update(faces.labels.tobytes())
    digest.update(faces.votes.tobytes())
    return digest.hexdigest()
