"""The network: what it takes and tells, and where its first weights come from."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from edge.errors import DataError
from train.model import mobilenetv2


def weight_file(folder, alpha: float = 0.35):
    """A colour network's weights, made at random, with batch norms that are not neutral."""
    keras.utils.set_random_seed(1)
    colour = keras.applications.MobileNetV2(
        include_top=False, weights=None, alpha=alpha, input_shape=(96, 96, 3)
    )
    rng = np.random.default_rng(1)
    for layer in colour.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    path = folder / "colour.weights.h5"
    colour.save_weights(path)
    return colour, path


@pytest.fixture(scope="module")
def colour(tmp_path_factory):
    return weight_file(tmp_path_factory.mktemp("weights"))


def test_one_grey_plane_computes_what_three_equal_ones_do(colour):
    network, path = colour
    model = mobilenetv2(input_size=96, alpha=0.35, backbone_weights=str(path))
    grey = keras.Model(model.input, model.get_layer("out_relu").output)
    faces = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 1)).astype(np.float32)
    planes = np.repeat(faces, 3, axis=3) / 127.5 - 1
    expected = network.predict_on_batch(planes)
    assert expected.std() > 0.05
    np.testing.assert_allclose(grey.predict_on_batch(faces), expected, atol=1e-3)


@pytest.mark.parametrize("size", [32, 48, 64, 100])
def test_any_size_ends_in_seven_logits(size):
    model = mobilenetv2(input_size=size, alpha=0.35)
    assert model.input_shape == (None, size, size, 1)
    assert model.output_shape == (None, 7)
    assert model.get_layer("logits").activation is keras.activations.linear


def truncated(path, folder):
    copy = folder / "cut.weights.h5"
    copy.write_bytes(path.read_bytes()[:100_000])
    return copy


def no_hdf5(path, folder):  # noqa: ARG001
    copy = folder / "text.weights.h5"
    copy.write_text("<html>404</html>")
    return copy


BROKEN = {
    "truncated": (truncated, 0.35),
    "not HDF5": (no_hdf5, 0.35),
    "missing": (lambda _, folder: folder / "nowhere.weights.h5", 0.35),
    "for another alpha": (lambda path, _: path, 0.5),
}


@pytest.mark.parametrize(("prepare", "alpha"), BROKEN.values(), ids=BROKEN)
def test_weights_that_cannot_be_used_name_the_flag(colour, tmp_path, prepare, alpha):
    path = prepare(colour[1], tmp_path)
    with pytest.raises(DataError) as caught:
        mobilenetv2(input_size=32, alpha=alpha, backbone_weights=str(path))
    told = str(caught.value)
    assert told.startswith(f"the ImageNet weights cannot be read from {path} (")
    assert "--backbone-weights" in told
    assert "\n" not in told


def test_a_failed_download_names_the_flag(monkeypatch):
    def no_network(*_args, **_kwargs):
        raise OSError("URL fetch failure: Name or service not known")

    monkeypatch.setattr("keras.src.applications.mobilenet_v2.file_utils.get_file", no_network)
    with pytest.raises(DataError, match=r"cannot be downloaded \(URL fetch.*--backbone-weights"):
        mobilenetv2(input_size=32, alpha=0.35, backbone_weights="imagenet")


def test_batch_norms_settle_within_an_epoch():
    model = mobilenetv2(input_size=32, alpha=0.35)
    norms = [n for n in model.layers if isinstance(n, keras.layers.BatchNormalization)]
    assert {norm.momentum for norm in norms} == {0.99}
