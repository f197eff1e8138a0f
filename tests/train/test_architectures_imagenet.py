"""Weights for three colour planes on one grey one: the same numbers, or an error that says why."""

from __future__ import annotations

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from edge.errors import DataError, UsageError
from train.architectures import ARCHITECTURES, build

SIZE = 48
ALPHA = 0.35
APPLICATIONS = {
    "mobilenetv2": lambda **how: keras.applications.MobileNetV2(alpha=ALPHA, **how),
    "vgg16": keras.applications.VGG16,
    "vgg19": keras.applications.VGG19,
    "resnet50": keras.applications.ResNet50,
}
# first layer with weights, what is padded around the picture by the layers up to it, and its stride
FIRST = {
    "vgg16": ("block1_conv1", 1),
    "vgg19": ("block1_conv1", 1),
    "resnet50": ("conv1_conv", 2),
}
AROUND = 4  # pixels; more than any first kernel reaches, and whole strides


def grey_network(name: str, weights: str = "none") -> keras.Model:
    return build(name, 7, SIZE, ALPHA if name == "mobilenetv2" else 1.0, weights)


def colour_network(name: str, side: int = SIZE) -> keras.Model:
    """At random, also where Keras begins with zeros and ones."""
    keras.utils.set_random_seed(1)
    network = APPLICATIONS[name](include_top=False, weights=None, input_shape=(side, side, 3))
    rng = np.random.default_rng(1)
    for layer in network.layers:
        weights = layer.get_weights()
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in weights])
        elif len(weights) == 2:
            layer.set_weights([weights[0], rng.normal(0, 1, weights[1].shape)])
    return network


@pytest.fixture(scope="module")
def taken_over(request, tmp_path_factory) -> SimpleNamespace:
    """A `.colour` network, and the `.grey` one that took its weights from a file."""
    colour = colour_network(request.param)
    path = tmp_path_factory.mktemp("weights") / "colour.weights.h5"
    colour.save_weights(path)
    grey = grey_network(request.param, str(path))
    path.unlink()
    return SimpleNamespace(name=request.param, colour=colour, grey=grey)


def preprocessed(name: str, pictures: np.ndarray) -> np.ndarray:
    """Three equal planes as Keras prepares them for this network."""
    module = {"mobilenetv2": "mobilenet_v2", "resnet50": "resnet"}.get(name, name)
    planes = np.repeat(pictures, 3, axis=3)
    return getattr(keras.applications, module).preprocess_input(planes)


def output_of(network: keras.Model, layer: str, pictures: np.ndarray) -> np.ndarray:
    inner = keras.Model(network.input, network.get_layer(layer).output)
    return inner.predict_on_batch(pictures)


def faces(side: int = SIZE) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, side, side, 1)).astype(np.float32)


@pytest.mark.parametrize("taken_over", ["mobilenetv2"], indirect=True)
def test_mobilenet_computes_on_one_plane_what_it_did_on_three_equal_ones(taken_over):
    expected = taken_over.colour.predict_on_batch(preprocessed(taken_over.name, faces()))
    assert expected.std() > 0.05
    told = output_of(taken_over.grey, "out_relu", faces())
    np.testing.assert_allclose(told, expected, atol=1e-3)


@pytest.mark.parametrize("taken_over", FIRST, indirect=True)
def test_inside_the_border_the_first_layer_computes_the_same(taken_over):
    layer, border = FIRST[taken_over.name]
    expected = output_of(taken_over.colour, layer, preprocessed(taken_over.name, faces()))
    told = output_of(taken_over.grey, layer, faces())
    inside = np.s_[:, border:-border, border:-border]
    assert expected.std() > 1
    np.testing.assert_allclose(told[inside], expected[inside], atol=3e-5 * abs(expected).max())
    assert abs(told - expected).max() > 0.01 * expected.std(), "the border differs, as is said"


@pytest.mark.parametrize("taken_over", FIRST, indirect=True)
def test_on_the_border_the_picture_lies_in_grey(taken_over):
    """What is padded is the grey 127.5 in each plane, where it was the planes' mean colours."""
    layer, stride = FIRST[taken_over.name]
    grey = np.pad(faces(), ((0, 0), (AROUND,) * 2, (AROUND,) * 2, (0, 0)), constant_values=127.5)
    larger = colour_network(taken_over.name, SIZE + 2 * AROUND)
    larger.set_weights(taken_over.colour.get_weights())
    cut = AROUND // stride
    expected = output_of(larger, layer, preprocessed(taken_over.name, grey))[:, cut:-cut, cut:-cut]
    told = output_of(taken_over.grey, layer, faces())
    np.testing.assert_allclose(told, expected, atol=3e-5 * abs(expected).max())


@pytest.mark.parametrize("taken_over", APPLICATIONS, indirect=True)
def test_every_other_layer_has_the_very_weights(taken_over):
    first = FIRST.get(taken_over.name, ("Conv1",))[0]
    compared = 0
    for layer in taken_over.colour.layers:
        if layer.weights and layer.name != first:
            other = taken_over.grey.get_layer(layer.name).get_weights()
            for mine, theirs in zip(layer.get_weights(), other, strict=True):
                np.testing.assert_array_equal(mine, theirs)
            compared += 1
    assert compared >= 12


@pytest.fixture(scope="module")
def mobilenet_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "colour.weights.h5"
    colour_network("mobilenetv2").save_weights(path)
    return path


def truncated(path, folder):
    copy = folder / "cut.weights.h5"
    copy.write_bytes(path.read_bytes()[:100_000])
    return copy


def no_hdf5(path, folder):  # noqa: ARG001
    copy = folder / "text.weights.h5"
    copy.write_text("<html>404</html>")
    return copy


BROKEN = {
    "truncated": (truncated, "mobilenetv2", ALPHA),
    "not HDF5": (no_hdf5, "mobilenetv2", ALPHA),
    "missing": (lambda _, folder: folder / "nowhere.weights.h5", "mobilenetv2", ALPHA),
    "for another alpha": (lambda path, _: path, "mobilenetv2", 0.5),
    "of another network": (lambda path, _: path, "vgg16", 1.0),
}


@pytest.mark.parametrize(("prepare", "name", "alpha"), BROKEN.values(), ids=BROKEN)
def test_weights_that_cannot_be_used_name_the_flag(mobilenet_file, tmp_path, prepare, name, alpha):
    path = prepare(mobilenet_file, tmp_path)
    with pytest.raises(DataError) as caught:
        build(name, 7, 32, alpha, str(path))
    told = str(caught.value)
    assert told.startswith(f"the ImageNet weights cannot be read from {path} (")
    assert "--backbone-weights" in told
    assert "\n" not in told


def test_a_failed_download_names_the_flag(monkeypatch):
    def no_network(*_args, **_kwargs):
        raise OSError("URL fetch failure: Name or service not known")

    monkeypatch.setattr("keras.src.applications.mobilenet_v2.file_utils.get_file", no_network)
    with pytest.raises(DataError, match=r"cannot be downloaded \(URL fetch.*--backbone-weights"):
        build("mobilenetv2", 7, 32, ALPHA, "imagenet")


WITHOUT = [name for name, one in ARCHITECTURES.items() if not one.imagenet]


@pytest.mark.parametrize("source", ["imagenet", "some.weights.h5"])
@pytest.mark.parametrize("name", WITHOUT)
def test_where_there_are_none_it_says_which_networks_have_them(name, source):
    those = "mobilenetv2, mobilenetv2-fused, vgg16, vgg19, resnet50"
    told = rf"--backbone-weights {source}: .* {name}, only for {those}"
    with pytest.raises(UsageError, match=told):
        build(name, 7, 48, backbone_weights=source)


def test_the_fused_network_takes_what_it_shares_and_begins_in_its_own_way(mobilenet_file):
    path = mobilenet_file.parent / "wide.weights.h5"
    keras.utils.set_random_seed(2)
    colour = keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(SIZE, SIZE, 3)
    )
    colour.save_weights(path)
    grey = build("mobilenetv2-fused", 7, SIZE, backbone_weights=str(path))
    own = [one.name for one in grey.layers if one.weights and not _is_in(one.name, colour)]
    assert own[0] == "stem"
    assert all(name.startswith(("stem", "dense_", "logits")) for name in own)
    shared = [one for one in grey.layers if one.weights and one.name not in own]
    assert shared[0].name == "block_4_expand"
    assert len([one for one in shared if hasattr(one, "kernel")]) == 3 * 13 + 1
    for layer in shared:
        theirs = colour.get_layer(layer.name).get_weights()
        for mine, other in zip(layer.get_weights(), theirs, strict=True):
            np.testing.assert_array_equal(mine, other)


def _is_in(name: str, network: keras.Model) -> bool:
    return name in {layer.name for layer in network.layers}
