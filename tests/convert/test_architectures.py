"""Every network of the table, from its first training step to the device.

The three with ImageNet weights are 15 to 24 million parameters each, which a converter handles for
ten seconds at a time; so they are taken at their smallest size, and of the three only ResNet-50 is
made into ONNX: it has the pads and sums, while a VGG is made of what cnn3 has already.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from convert import onnx_files, tflite
from convert.card import card
from convert.operators import tflite_operators
from convert.representative import representative_faces
from convert.verify import check_int8, check_parity, check_steady
from edge.vision.expression import load_model
from train.architectures import ARCHITECTURES, build
from train.batches import prepared
from train.evaluate import evaluate, load_keras, predict
from train.task import task_of

BIG = {"vgg16": 32, "vgg19": 32, "resnet50": 32}
NO_ONNX = ("vgg16", "vgg19")
STEP = 14  # faces of the one training step
RANGES = 14  # and of those from which ranges are taken, two of each emotion
FAINT = 0.1  # of the random branches beside a residual sum
SIGNAL_TO_NOISE = 12.0  # decibels; a broken quantisation has 3


def quiet_branches(network: keras.Model) -> None:
    """Make the residual branches speak softly, as Goyal et al. 2017 begin.

    At random and at full voice a deep residual network is chaos: it makes as much of a face's noise
    as of its expression, so int8's rounding drowns the answer and a test of it would say nothing.
    """
    names = {layer.name for layer in network.layers}
    for layer in network.layers:
        of_sum = layer.name.replace("project_BN", "add")
        if layer.name.endswith("_3_bn") or (of_sum != layer.name and of_sum in names):
            layer.gamma.assign(FAINT * layer.gamma)


def one_step(network: keras.Model, images: np.ndarray, labels: np.ndarray) -> list[str]:
    """Train on a few faces; return the names of the variables that did not move."""
    before = [keras.ops.convert_to_numpy(one) for one in network.trainable_variables]
    network.compile(
        keras.optimizers.SGD(1e-2),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    loss = network.train_on_batch(images[:STEP].astype(np.float32), labels[:STEP])
    assert np.isfinite(loss)
    return [
        one.path
        for one, old in zip(network.trainable_variables, before, strict=True)
        if np.array_equal(keras.ops.convert_to_numpy(one), old)
    ]


@pytest.fixture(scope="module", params=ARCHITECTURES)
def trained(request, splits, fit_quickly, tmp_path_factory) -> SimpleNamespace:
    """One network: trained a step, fitted, saved; `.path`, `.name`, what stood `.still`."""
    keras.utils.set_random_seed(0)
    size = BIG.get(request.param, 48)
    alpha = 0.35 if ARCHITECTURES[request.param].has_alpha else 1.0
    network = build(request.param, 7, size, alpha=alpha)
    training = splits["Training"]
    images = prepared(training.images, size)
    still = one_step(network, images, training.labels)
    quiet_branches(network)
    fit_quickly(network, images, training.labels)
    path = tmp_path_factory.mktemp(request.param) / "best.keras"
    network.save(path)
    return SimpleNamespace(name=request.param, path=path, still=still, network=network, size=size)


def files_of(network: keras.Model, splits, folder: Path, with_onnx: bool) -> list[Path]:
    """The files for the device with their card, as `convert` writes them, of few faces."""
    few = splits["Training"][np.arange(RANGES)]
    faces = representative_faces(few, network.input_shape[1])
    made = {
        "net-float32.tflite": ("tflite", "float32", tflite.float32(network)),
        "net-int8.tflite": ("tflite", "int8", tflite.int8(network, faces)),
    }
    if with_onnx:
        (folder / "workshop").mkdir()
        content = onnx_files.int8(network, faces, folder / "workshop")
        made["net-int8.onnx"] = ("onnx", "int8", content)
    for name, (_, _, content) in made.items():
        (folder / name).write_bytes(content)
    about = {name: {"format": kind, "precision": bits} for name, (kind, bits, _) in made.items()}
    told = card("net", task_of(7), network.input_shape[1], 1.0, about, folder, {})
    (folder / "net.json").write_text(json.dumps(told))
    return [folder / name for name in made]


def signal_to_noise(reference: np.ndarray, told: np.ndarray) -> float:
    """Decibels by which the logits exceed what was added to them."""
    return float(10 * np.log10(reference.var() / (told - reference).var()))


def test_from_the_first_step_to_the_device(trained, splits, tmp_path):
    # a rectifier that is silent on every face leaves a bias or two where they are; a layer, never
    assert not [path for path in trained.still if "kernel" in path], "not reached by the gradient"

    network = load_keras(trained.path)
    public = splits["PublicTest"]
    reference = predict(network, public.images)
    np.testing.assert_array_equal(reference, predict(trained.network, public.images))
    scores = evaluate(network, splits, ("PublicTest",))["PublicTest"]["original"]
    assert scores["accuracy"] > 3 / 7, "too little of a classifier to say anything of int8"

    paths = files_of(network, splits, tmp_path, with_onnx=trained.name not in NO_ONNX)
    for path in paths:
        model = load_model(path)
        check_steady(model, public)
        told = model.logits(list(public.images))
        if "float32" in path.name:
            check_parity(reference, told, path.name)
        else:
            assert signal_to_noise(reference, told) > SIGNAL_TO_NOISE, path.name
        if path.name.endswith("int8.tflite"):
            check_int8(tflite_operators(path.read_bytes()), "tflite", path.name)


def test_an_int8_file_is_about_a_byte_a_parameter(splits, tmp_path):
    """`mini` is meant for int8: the whole file for the device stays under 70 kB."""
    network = build("mini", 7, ARCHITECTURES["mini"].input_size)
    faces = representative_faces(splits["Training"], network.input_shape[1])
    (tmp_path / "mini.tflite").write_bytes(tflite.int8(network, faces))
    assert (tmp_path / "mini.tflite").stat().st_size < 70_000
