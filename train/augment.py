"""Distortions a camera, a detector and a face add; one face in, one face out, on the CPU.

They run beside the training on uint8 faces with OpenCV, because there a warp costs a tenth of what
the same warp costs as a layer of the network, and because the last step is the very function that
the device calls.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edge.vision.face import normalise

Gray = NDArray[np.uint8]

ROTATION_DEGREES = 14.0
SCALE = 0.12  # the detector's box breathes by about this much
SHIFT = 0.07  # and wanders by about this share of its side
CONTRAST = 0.3
BRIGHTNESS = 30.0
GAMMA = 0.35
CUTOUT_SHARE = 0.5  # of the faces, a hand, a mask or a microphone in the way
CAMERA_SHARE = 0.25  # of the faces, blur, sensor noise or a coarse JPEG


def augment(face: Gray, size: int, rng: Generator) -> Gray:
    """Distort one face and bring it to the model's input.

    Args:
        face: (48, 48) uint8.
        size: The model's input side, in pixels.

    Returns:
        (size, size) uint8.
    """
    face = _lighting(_warp(face, rng), rng)
    if rng.random() < CAMERA_SHARE:
        face = _camera(face, rng)
    if rng.random() < CUTOUT_SHARE:
        face = _cutout(face, rng)
    return normalise(face, size)


def _warp(face: Gray, rng: Generator) -> Gray:
    side = face.shape[0]
    middle = (side - 1) / 2
    angle = rng.uniform(-ROTATION_DEGREES, ROTATION_DEGREES)
    matrix = cv2.getRotationMatrix2D((middle, middle), angle, rng.uniform(1 - SCALE, 1 + SCALE))
    matrix[:, 2] += rng.uniform(-SHIFT, SHIFT, 2) * side
    if rng.random() < 0.5:
        face = face[:, ::-1]
    warped = cv2.warpAffine(face, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, dtype=np.uint8)


def _lighting(face: Gray, rng: Generator) -> Gray:
    gamma = np.exp(rng.uniform(-GAMMA, GAMMA))
    contrast = rng.uniform(1 - CONTRAST, 1 + CONTRAST)
    table = 255 * (np.arange(256) / 255) ** gamma
    table = (table - 128) * contrast + 128 + rng.uniform(-BRIGHTNESS, BRIGHTNESS)
    return np.asarray(cv2.LUT(face, np.clip(table, 0, 255).astype(np.uint8)), dtype=np.uint8)


def _camera(face: Gray, rng: Generator) -> Gray:
    kind = rng.integers(3)
    if kind == 0:
        blurred = cv2.GaussianBlur(face, (0, 0), rng.uniform(0.4, 1.2))
        return np.asarray(blurred, dtype=np.uint8)
    if kind == 1:
        noisy = face + rng.normal(0, rng.uniform(2, 10), face.shape)
        return np.clip(noisy, 0, 255).astype(np.uint8)
    quality = int(rng.integers(25, 80))
    coded = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def _cutout(face: Gray, rng: Generator) -> Gray:
    """Hide a rectangle (DeVries and Taylor 2017) behind one random grey."""
    side = face.shape[0]
    height, width = rng.integers(side // 8, side // 3, 2)
    top, left = rng.integers(0, side - height), rng.integers(0, side - width)
    face = face.copy()
    face[top : top + height, left : left + width] = rng.integers(256)
    return face
