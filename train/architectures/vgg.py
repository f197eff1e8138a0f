"""VGG-16 and VGG-19 (Simonyan and Zisserman 2014), in Keras' implementation, layer names kept."""

from __future__ import annotations

import keras

from train.architectures.imagenet import MEAN_COLOUR, start_from


def vgg16(scaled: keras.KerasTensor, alpha: float, weights: str) -> keras.KerasTensor:  # noqa: ARG001
    """Features of (n, s, s, 1) values -1 to 1: (n, s/32, s/32, 512)."""
    return _vgg(keras.applications.VGG16, scaled, weights, "VGG-16")


def vgg19(scaled: keras.KerasTensor, alpha: float, weights: str) -> keras.KerasTensor:  # noqa: ARG001
    """Features of (n, s, s, 1) values -1 to 1: (n, s/32, s/32, 512)."""
    return _vgg(keras.applications.VGG19, scaled, weights, "VGG-19")


def _vgg(
    application: type[keras.Model], scaled: keras.KerasTensor, weights: str, title: str
) -> keras.KerasTensor:
    backbone = application(
        input_tensor=scaled, input_shape=scaled.shape[1:], include_top=False, weights=None
    )
    _keep_variance(backbone)

    def colour(source: str | None) -> keras.Model:
        return application(input_shape=(64, 64, 3), include_top=False, weights=source)

    start_from(weights, backbone, colour, "block1_conv1", MEAN_COLOUR, title)
    return backbone.output


def _keep_variance(backbone: keras.Model) -> None:
    """Draw the kernels as He et al. 2015 do for rectifiers.

    There is no batch norm to bring activations back to size, and from Keras' own draw they halve
    in variance from layer to layer: after sixteen nothing is left to learn from.
    """
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.Conv2D):
            layer.kernel.assign(keras.initializers.HeNormal()(layer.kernel.shape))
