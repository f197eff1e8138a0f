"""Networks of depthwise-separable convolutions: `mini`, for int8, and mini-Xception.

A separable convolution is written as its two layers, a depthwise and a 1x1 one, so that a
converter, a cost model or a hook sees each.
"""

from __future__ import annotations

import keras

MINI_STEM = 16
# Width and stride of each block. The first looks at every pixel: a 48-pixel face has brows of two.
MINI = ((24, 2), (32, 1), (48, 2), (64, 1), (96, 2), (128, 1))
XCEPTION_STEM = 8
XCEPTION = (16, 32, 64, 128)


def mini(scaled: keras.KerasTensor, alpha: float, weights: str) -> keras.KerasTensor:  # noqa: ARG001
    """Six blocks of depthwise and 1x1 convolution: (n, s/8, s/8, 128) features.

    The block of MobileNet (Howard et al. 2017). Each of its layers has a batch norm and ends at 6
    at the latest (Sandler et al. 2018), so that one int8 scale a layer wastes few of its levels.
    """
    x = _normed(_convolution(scaled, MINI_STEM, 3, "stem"), "stem", ceiling=6.0)
    for block, (width, stride) in enumerate(MINI, start=1):
        name = f"block{block}"
        x = _normed(_depthwise(x, f"{name}_depthwise", stride), f"{name}_depthwise", ceiling=6.0)
        x = _normed(_convolution(x, width, 1, name), name, ceiling=6.0)
    return x


def mini_xception(
    scaled: keras.KerasTensor,
    alpha: float,  # noqa: ARG001
    weights: str,  # noqa: ARG001
) -> keras.KerasTensor:
    """Four residual blocks of separable convolutions: (n, s/16, s/16, 128) features.

    Arriaga et al. 2017. Theirs ends in a 3x3 convolution to the classes and the mean of each; here
    the mean comes first and a dense layer after it, as in every network of this package, which is
    the same but for the reach of three pixels, and 7 of the 58 thousand parameters lighter.
    """
    x = scaled
    for number in (1, 2):
        name = f"stem{number}"
        x = _normed(_convolution(x, XCEPTION_STEM, 3, name, padding="valid"), name)
    for block, width in enumerate(XCEPTION, start=1):
        x = _residual(x, width, f"block{block}")
    return x


def _residual(x: keras.KerasTensor, width: int, name: str) -> keras.KerasTensor:
    """Two separable convolutions and a max pool, beside a 1x1 convolution of stride 2."""
    # A 1x1 convolution of stride 2 sees every second pixel. Taking those first is the same, and
    # spares TensorFlow's gradient of it, which crashes the process at some sizes (2.21, 60x60).
    beside = keras.layers.MaxPooling2D(1, strides=2, padding="same", name=f"{name}_every_second")(x)
    beside = _convolution(beside, width, 1, f"{name}_shortcut")
    beside = keras.layers.BatchNormalization(name=f"{name}_shortcut_bn")(beside)
    x = _normed(_separable(x, width, f"{name}_1"), f"{name}_1")
    x = _separable(x, width, f"{name}_2")
    x = keras.layers.BatchNormalization(name=f"{name}_2_bn")(x)
    x = keras.layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}_pool")(x)
    return keras.layers.Add(name=f"{name}_add")([x, beside])


def _separable(x: keras.KerasTensor, width: int, name: str) -> keras.KerasTensor:
    return _convolution(_depthwise(x, f"{name}_depthwise"), width, 1, name)


def _depthwise(x: keras.KerasTensor, name: str, stride: int = 1) -> keras.KerasTensor:
    return keras.layers.DepthwiseConv2D(
        3,
        strides=stride,
        padding="same",
        use_bias=False,
        depthwise_initializer="he_normal",
        name=name,
    )(x)


def _convolution(
    x: keras.KerasTensor,
    width: int,
    side: int,
    name: str,
    stride: int = 1,
    padding: str = "same",
) -> keras.KerasTensor:
    return keras.layers.Conv2D(
        width,
        side,
        strides=stride,
        padding=padding,
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)


def _normed(x: keras.KerasTensor, name: str, ceiling: float | None = None) -> keras.KerasTensor:
    x = keras.layers.BatchNormalization(name=f"{name}_bn")(x)
    return keras.layers.ReLU(max_value=ceiling, name=f"{name}_relu")(x)
