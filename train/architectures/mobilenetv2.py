"""MobileNetV2 (Sandler et al. 2018), in Keras' implementation, whose layer names are kept."""

from __future__ import annotations

from collections.abc import Callable

import keras

from train.architectures.imagenet import SCALED, start_from

BATCH_NORM_MOMENTUM = 0.99  # Keras' 0.999 needs more steps to settle than an epoch here has


def mobilenetv2(scaled: keras.KerasTensor, alpha: float, weights: str) -> keras.KerasTensor:
    """Features of (n, s, s, 1) values -1 to 1: (n, s/32, s/32, 1280) or wider."""
    backbone = keras.applications.MobileNetV2(
        input_tensor=scaled,
        input_shape=scaled.shape[1:],
        alpha=alpha,
        include_top=False,
        weights=None,
    )
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = BATCH_NORM_MOMENTUM
    start_from(weights, backbone, colour(alpha), "Conv1", SCALED, f"MobileNetV2 of width {alpha:g}")
    return backbone.output


def colour(alpha: float) -> Callable[[str | None], keras.Model]:
    """What builds the network on three colour planes, with weights from a source."""
    return lambda source: keras.applications.MobileNetV2(
        input_shape=(96, 96, 3), alpha=alpha, include_top=False, weights=source
    )
