"""ResNet-50 (He et al. 2015), in Keras' implementation, whose layer names are kept."""

from __future__ import annotations

import keras

from train.architectures.imagenet import MEAN_COLOUR, start_from


def resnet50(scaled: keras.KerasTensor, alpha: float, weights: str) -> keras.KerasTensor:  # noqa: ARG001
    """Features of (n, s, s, 1) values -1 to 1: (n, s/32, s/32, 2048)."""
    backbone = keras.applications.ResNet50(
        input_tensor=scaled, input_shape=scaled.shape[1:], include_top=False, weights=None
    )

    def colour(source: str | None) -> keras.Model:
        return keras.applications.ResNet50(
            input_shape=(64, 64, 3), include_top=False, weights=source
        )

    start_from(weights, backbone, colour, "conv1_conv", MEAN_COLOUR, "ResNet-50")
    return backbone.output
