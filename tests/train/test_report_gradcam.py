"""Grad-CAM and feature maps on networks whose right answer is known."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import keras
import numpy as np
import pytest

from edge.errors import UsageError
from train.batches import prepared
from train.report.gradcam import (
    GradCam,
    activations,
    default_layers,
    feature_layers,
    logit_gradient,
)

SIDE = 48
CORNERS = {
    "top left": (slice(0, 16), slice(0, 16)),
    "top right": (slice(0, 16), slice(32, 48)),
    "bottom left": (slice(32, 48), slice(0, 16)),
    "bottom right": (slice(32, 48), slice(32, 48)),
}


def bright_and_dark(head: bool = False) -> keras.Model:
    """Class 0 is for bright places, class 1 for dark ones; what is mid-grey speaks for neither."""
    face = keras.Input((SIDE, SIDE, 1), name="face")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1, name="scale")(face)
    conv = keras.layers.Conv2D(2, 8, strides=8, activation="relu", name="conv")
    features = keras.layers.GlobalAveragePooling2D(name="pool")(conv(scaled))
    if head:
        dense = keras.layers.Dense(2, activation="relu", name="head")
        features = dense(features)
    logits = keras.layers.Dense(2, name="logits")
    network = keras.Model(face, logits(features))
    kernel = np.full((8, 8, 1, 2), 1 / 64)
    kernel[..., 1] *= -1
    conv.set_weights([kernel, np.full(2, -0.1)])
    if head:
        dense.set_weights([np.eye(2) + 0.1, np.full(2, 0.05)])
    logits.set_weights([np.array([[3.0, -3.0], [-3.0, 3.0]]), np.zeros(2)])
    return network


def faces(bright: str, dark: str) -> np.ndarray:
    face = np.full((1, SIDE, SIDE), 128, np.uint8)
    face[0][CORNERS[bright]] = 250
    face[0][CORNERS[dark]] = 5
    return face


@pytest.mark.parametrize("head", [False, True], ids=["no head", "dense head"])
@pytest.mark.parametrize("bright", CORNERS)
def test_the_map_lies_where_the_class_is_and_nowhere_else(bright, head):
    dark = {"top left": "bottom right", "bottom right": "top left"}.get(bright, "top left")
    image = faces(bright, dark)
    cam = GradCam(bright_and_dark(head))
    assert (cam.layer, cam.shape) == ("conv", (6, 6, 2))
    for index, corner in enumerate((bright, dark)):
        told = cam(image, np.array([index]))[0]
        assert told.shape == (6, 6)
        inside = np.zeros((6, 6), bool)
        rows, columns = CORNERS[corner]
        inside[rows.start // 8 : rows.stop // 8, columns.start // 8 : columns.stop // 8] = True
        assert told[inside].min() > 0
        assert told[~inside].max() == 0


def test_without_a_head_it_is_the_last_layers_own_weights():
    """After global average pooling alone the gradient is the kernel over the map's size."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, SIDE, SIDE), dtype=np.uint8)
    network = bright_and_dark()
    kernel = rng.normal(size=(2, 2)).astype(np.float32)
    network.get_layer("logits").set_weights([kernel, np.zeros(2)])
    classes = np.array([0, 1, 1, 0, 1])
    features = keras.Model(network.input, network.get_layer("conv").output)
    maps = np.asarray(features.predict_on_batch(prepared(images, SIDE)))
    expected = np.maximum((maps * kernel.T[classes][:, None, None, :]).sum(axis=3) / 36, 0)
    np.testing.assert_allclose(GradCam(network)(images, classes), expected, atol=1e-6)


def test_the_gradient_is_what_small_steps_say():
    network = bright_and_dark(head=True)
    head = keras.Model(network.get_layer("conv").output, network.output)
    features = np.random.default_rng(0).uniform(0.2, 1, (3, 6, 6, 2)).astype(np.float32)
    classes = np.array([0, 1, 0])
    slope = logit_gradient(head, features, classes)
    for face, place in [(0, (0, 0, 0)), (1, (3, 2, 1)), (2, (5, 5, 0))]:
        moved = features.copy()
        moved[(face, *place)] += 0.5
        before, after = (np.asarray(head.predict_on_batch(one)) for one in (features, moved))
        step = (after - before)[face, classes[face]] / 0.5
        assert slope[(face, *place)] == pytest.approx(step, rel=1e-3)


def test_many_faces_come_out_as_each_alone():
    cam = GradCam(bright_and_dark(head=True))
    images = np.random.default_rng(0).integers(0, 256, (70, SIDE, SIDE), dtype=np.uint8)
    classes = np.arange(70) % 2
    together = cam(images, classes)
    for index in (0, 63, 64, 69):
        alone = cam(images[index : index + 1], classes[index : index + 1])
        np.testing.assert_allclose(together[index], alone[0], atol=1e-6)


def test_no_faces_give_no_maps():
    told = GradCam(bright_and_dark())(np.zeros((0, SIDE, SIDE), np.uint8), np.zeros(0, int))
    assert told.shape == (0, 6, 6)


def test_another_layer_can_be_asked(small):
    network = small.network(32)
    assert GradCam(network).layer == "last"
    cam = GradCam(network, "relu")
    images = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE), dtype=np.uint8)
    assert cam(images, np.array([0, 6])).shape == (2, 7, 7)


def test_a_layer_that_is_not_there_names_those_that_are(small):
    network = small.network(32)
    with pytest.raises(UsageError, match=r"'conv9' is no layer with a feature map.*relu, last"):
        GradCam(network, "conv9")
    with pytest.raises(UsageError, match=r"--layers pool: is no layer with a feature map"):
        activations(network, "pool", np.zeros((48, 48), np.uint8))


def test_a_network_without_feature_maps_is_refused():
    face = keras.Input((SIDE, SIDE, 1))
    network = keras.Model(face, keras.layers.Dense(7)(keras.layers.Flatten()(face)))
    assert feature_layers(network) == []
    assert default_layers(network) == []
    with pytest.raises(UsageError, match="no feature map"):
        GradCam(network)


def test_default_layers_are_early_middle_and_late():
    from train.architectures import build

    network = build("mobilenetv2", 7, 64, alpha=0.35)
    sides = [network.get_layer(name).output.shape[1] for name in default_layers(network)]
    assert sides == [32, 8, 2]


def test_activations_are_the_layers_output():
    face = faces("top left", "bottom right")[0]
    told = activations(bright_and_dark(), "conv", face)
    assert told.shape == (6, 6, 2)
    assert told[0, 0] == pytest.approx([250 / 127.5 - 1 - 0.1, 0])
    assert told[5, 5] == pytest.approx([0, 1 - 5 / 127.5 - 0.1], abs=1e-6)


ON_JAX = """
import sys
sys.path.insert(0, sys.argv[1])
from test_report_gradcam import GradCam, bright_and_dark, faces
import keras, numpy as np
assert keras.backend.backend() == "jax"
for head in (False, True):
    cam = GradCam(bright_and_dark(head))
    for index in (0, 1):
        told = cam(faces("top right", "bottom left"), np.array([index]))[0]
        print(" ".join(f"{value:.5f}" for value in told.ravel()))
"""


@pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed")
def test_jax_tells_the_same():
    done = subprocess.run(
        [sys.executable, "-c", ON_JAX, os.path.dirname(__file__)],  # noqa: PTH120
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = iter(done.stdout.splitlines())
    for head in (False, True):
        cam = GradCam(bright_and_dark(head))
        for index in (0, 1):
            here = cam(faces("top right", "bottom left"), np.array([index]))[0]
            there = np.array(next(lines).split(), float).reshape(6, 6)
            np.testing.assert_allclose(there, here, atol=1e-4)
