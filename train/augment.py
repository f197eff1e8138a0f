"""Distortions a camera, a detector and a face add, as layers of the training graph.

Faces are (n, s, s, 1) float32 of 0-255 on the way in and on the way out. The layers run where the
network runs, on an accelerator too, and are no part of the saved model. Each layer's
`seed_generator` is set at the start of an epoch, which is what makes an interrupted training come
out the same.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

Tensor = Any  # of whichever backend

ROTATION_DEGREES = 14.0
SCALE = 0.2  # the cascade's boxes scatter by 0.11 to 0.13 (standard deviation) in width
SHIFT = 0.08  # and by 0.05 of their side in place
CONTRAST = 0.3
BRIGHTNESS = 30.0
GAMMA = 0.35
CUTOUT_SHARE = 0.5  # of the faces, a hand, a mask or a microphone in the way
CAMERA_SHARE = 0.25  # of the faces, blur, sensor noise or a coarse JPEG
BLUR_PIXELS = (0.4, 1.2)  # standard deviation
NOISE_LEVELS = (2.0, 10.0)  # standard deviation in grey levels
JPEG_QUALITY = (25.0, 80.0)

BLOCK = 8
# the luminance table of the JPEG standard (ITU-T T.81, annex K)
QUANTISATION = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    np.float32,
)


class Distortion(keras.layers.Layer):  # type: ignore[misc]
    """A layer that draws at random while training, and hands faces through otherwise.

    Args:
        strength: 1 for what a desk's camera does; 0 for nothing.
    """

    def __init__(self, strength: float = 1.0, **named: Any) -> None:
        super().__init__(dtype="float32", trainable=False, **named)
        self.strength = strength
        self.seed_generator = keras.random.SeedGenerator(0)

    def call(self, faces: Tensor, training: bool = False) -> Tensor:
        """Distort each face on its own."""
        return self.distort(faces) if training else faces

    def distort(self, faces: Tensor) -> Tensor:
        """Draw and apply."""
        raise NotImplementedError

    def draw(self, faces: Tensor, low: float = 0.0, high: float = 1.0) -> Tensor:
        """(n, 1, 1, 1) uniform numbers, one a face."""
        shape = (ops.shape(faces)[0], 1, 1, 1)
        return keras.random.uniform(shape, low, high, seed=self.seed_generator)

    def around_zero(self, faces: Tensor, reach: float) -> Tensor:
        """(n, 1, 1, 1) uniform numbers from -reach to +reach, times the strength."""
        return self.draw(faces, -reach * self.strength, reach * self.strength)


class RandomWarp(Distortion):
    """Mirror, turn, scale and move, in one interpolation; the edge's pixels are repeated."""

    def distort(self, faces: Tensor) -> Tensor:
        """Map each pixel of the result back to where it comes from."""
        return self.moved(faces, self.matrix(faces))

    def matrix(self, faces: Tensor) -> Tensor:
        """(n, 8) draws: pixel (x, y) comes from (a x + b y + c, d x + e y + f); then two zeros."""
        side = faces.shape[1]
        middle = (side - 1) / 2
        angle = self.around_zero(faces, np.deg2rad(ROTATION_DEGREES))
        zoom = 1 + self.around_zero(faces, SCALE)
        mirror = ops.where(self.draw(faces) < 0.5, -1.0, 1.0)
        cos, sin = ops.cos(angle) / zoom, ops.sin(angle) / zoom
        a, b, d, e = mirror * cos, -sin, mirror * sin, cos
        right, down = (self.around_zero(faces, SHIFT * side) for _ in range(2))
        c = middle + right - (a + b) * middle
        f = middle + down - (d + e) * middle
        nothing = ops.zeros_like(a)
        matrix = ops.concatenate([a, b, c, d, e, f, nothing, nothing], axis=-1)
        return ops.reshape(matrix, (-1, 8))

    def moved(self, faces: Tensor, matrix: Tensor) -> Tensor:
        """The faces under a `matrix`."""
        return ops.image.affine_transform(
            faces, matrix, interpolation="bilinear", fill_mode="nearest"
        )


class RandomLight(Distortion):
    """Gamma, contrast and brightness."""

    def distort(self, faces: Tensor) -> Tensor:
        """As a lamp, a window and a cheap sensor would."""
        gamma = ops.exp(self.around_zero(faces, GAMMA))
        lit = 255.0 * ops.power(ops.clip(faces, 0.0, 255.0) / 255.0, gamma)
        contrast = 1 + self.around_zero(faces, CONTRAST)
        lit = (lit - 128.0) * contrast + 128.0 + self.around_zero(faces, BRIGHTNESS)
        return ops.clip(lit, 0.0, 255.0)


class RandomCamera(Distortion):
    """Of some faces, one of: blur, noise, a coarse JPEG."""

    def distort(self, faces: Tensor) -> Tensor:
        """All three are made, one is kept: a graph has no cheaper way to choose by face."""
        kind = self.draw(faces) / max(CAMERA_SHARE * self.strength, 1e-6)
        result = ops.where(kind < 1 / 3, self._blurred(faces), faces)
        result = ops.where((kind >= 1 / 3) & (kind < 2 / 3), self._noisy(faces), result)
        return ops.where((kind >= 2 / 3) & (kind < 1), self._coded(faces), result)

    def _blurred(self, faces: Tensor) -> Tensor:
        """A Gaussian of each face's own width, as one matrix for rows and for columns."""
        side = faces.shape[1]
        place = ops.arange(side, dtype="float32")
        distance = ops.reshape(place[:, None] - place[None, :], (1, side, side))
        sigma = ops.reshape(self.draw(faces, *BLUR_PIXELS), (-1, 1, 1))
        weights = ops.exp(-0.5 * ops.square(distance / sigma))
        weights = weights / ops.sum(weights, axis=2, keepdims=True)
        blurred = ops.matmul(weights, ops.squeeze(faces, -1))
        return ops.matmul(blurred, ops.transpose(weights, (0, 2, 1)))[..., None]

    def _noisy(self, faces: Tensor) -> Tensor:
        noise = keras.random.normal(ops.shape(faces), seed=self.seed_generator)
        return ops.clip(faces + noise * self.draw(faces, *NOISE_LEVELS), 0.0, 255.0)

    def _coded(self, faces: Tensor) -> Tensor:
        """What JPEG loses: each block's cosine coefficients, rounded to multiples of a step."""
        side = faces.shape[1]
        if side % BLOCK:
            raise ValueError(f"faces of {side} pixels do not divide into blocks of {BLOCK}")
        quality = self.draw(faces, *JPEG_QUALITY)
        percent = ops.where(quality < 50, 5000 / quality, 200 - 2 * quality)
        table = ops.convert_to_tensor(QUANTISATION)
        step = ops.clip(ops.floor((table * percent + 50) / 100), 1.0, 255.0)
        step = ops.reshape(step, (-1, 1, 1, BLOCK, BLOCK))
        count = side // BLOCK
        blocks = ops.reshape(faces - 128.0, (-1, count, BLOCK, count, BLOCK))
        blocks = ops.transpose(blocks, (0, 1, 3, 2, 4))
        cosines = ops.convert_to_tensor(cosine_basis(BLOCK))
        turned = ops.matmul(ops.matmul(cosines, blocks), ops.transpose(cosines))
        kept = ops.round(turned / step) * step
        back = ops.matmul(ops.matmul(ops.transpose(cosines), kept), cosines)
        back = ops.reshape(ops.transpose(back, (0, 1, 3, 2, 4)), (-1, side, side, 1))
        return ops.clip(back + 128.0, 0.0, 255.0)


class RandomCutout(Distortion):
    """Hide a rectangle of some faces behind one grey (DeVries and Taylor 2017)."""

    def distort(self, faces: Tensor) -> Tensor:
        """From an eighth to a third of the side each way."""
        side = faces.shape[1]
        place = ops.arange(side, dtype="float32")
        inside = self._between(faces, ops.reshape(place, (1, side, 1, 1)), side)
        inside = inside & self._between(faces, ops.reshape(place, (1, 1, side, 1)), side)
        chosen = self.draw(faces) < CUTOUT_SHARE * self.strength
        return ops.where(inside & chosen, self.draw(faces, 0.0, 255.0), faces)

    def _between(self, faces: Tensor, place: Tensor, side: int) -> Tensor:
        length = self.draw(faces, side / 8, side / 3)
        start = self.draw(faces) * (side - length)
        return (place >= start) & (place < start + length)


class ToInput(keras.layers.Layer):  # type: ignore[misc]
    """The last step, and the one that the device takes too: whole grey levels at the input's size.

    `edge.vision.face.normalise` does the same to one face, in OpenCV; a test holds them together.
    """

    def __init__(self, size: int, **named: Any) -> None:
        super().__init__(dtype="float32", trainable=False, **named)
        self.size = size

    def call(self, faces: Tensor) -> Tensor:
        """(n, s, s, 1) to (n, size, size, 1), whole numbers of 0-255."""
        whole = ops.round(faces)
        if faces.shape[1] != self.size:
            whole = ops.image.resize(whole, (self.size, self.size), interpolation="bilinear")
        return ops.clip(ops.round(whole), 0.0, 255.0)


def distortions(strength: float = 1.0) -> list[Distortion]:
    """The layers in the order of nature: the face moves, the light falls, the camera sees."""
    if strength == 0:
        return []
    return [
        RandomWarp(strength, name="warp"),
        RandomLight(strength, name="light"),
        RandomCamera(strength, name="camera"),
        RandomCutout(strength, name="cutout"),
    ]


def cosine_basis(size: int) -> NDArray[np.float32]:
    """(size, size) orthonormal rows of the discrete cosine transform (Ahmed et al. 1974)."""
    frequency, place = np.arange(size)[:, None], np.arange(size)[None, :]
    basis = np.cos(np.pi * (2 * place + 1) * frequency / (2 * size)) * np.sqrt(2 / size)
    basis[0] /= np.sqrt(2)
    return np.asarray(basis, np.float32)
