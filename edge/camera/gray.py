"""The grey plane of whatever a capture returns, with as little work as it allows."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def to_gray(raw: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Take the luminance of one captured picture.

    Args:
        raw: (h, w) grey; (h, w, 2) YUYV, whose first byte is Y; (1, n) a compressed JPEG;
            (h, w, 3) BGR.

    Returns:
        (h, w) uint8, or None where a compressed picture is broken (a cable knock does that), or
        a driver returned what is no picture at all.
    """
    if raw.size == 0 or raw.ndim not in (2, 3):
        return None
    if raw.ndim == 3 and raw.shape[2] == 2:
        return np.ascontiguousarray(raw[:, :, 0])
    if raw.ndim == 3:
        if raw.shape[2] != 3:
            return None
        return np.asarray(cv2.cvtColor(raw, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    if raw.shape[0] == 1:
        decoded = cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE)
        return None if decoded is None else np.asarray(decoded, dtype=np.uint8)
    return raw
