"""Labelled faces, from any layout they are published in, to arrays.

Needs numpy, and OpenCV only where pictures are decoded.
"""

from train.data.class_names import DROP, class_of
from train.data.faces import SIDE, SPLITS, STRICT_MAJORITY, TEST_SPLITS, FaceSet
from train.data.folder_layout import read_face
from train.data.listing import Picture, list_pictures
from train.data.loading import load
from train.data.targets import LABELS, soft_targets

__all__ = [
    "DROP",
    "LABELS",
    "SIDE",
    "SPLITS",
    "STRICT_MAJORITY",
    "TEST_SPLITS",
    "FaceSet",
    "Picture",
    "class_of",
    "list_pictures",
    "load",
    "read_face",
    "soft_targets",
]
