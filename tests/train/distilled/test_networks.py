"""Teacher and student: the same with kernels and without, and the student the same as Keras'."""

from __future__ import annotations

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from train.architectures import build

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from train.distilled.keras_weights import give_to, take_backbone, take_shared  # noqa: E402
from train.distilled.mobilenet import FUSED, MOBILENETV2, MobileNet  # noqa: E402
from train.distilled.operations import reduced  # noqa: E402
from train.distilled.teacher import Teacher  # noqa: E402

SIZE = 64


def student(kernels):
    return MobileNet(FUSED, 14, 0.0, kernels)


def predecessor(kernels):
    return MobileNet(MOBILENETV2, 14, 0.0, kernels)


def teacher(kernels):
    return Teacher(16, (1, 2), 14, 0.0, kernels)


def pictures(count, side, seed=0):
    drawn = np.random.default_rng(seed).integers(0, 256, (count, 1, side, side))
    return torch.from_numpy(drawn.astype(np.float32))


def likeness(first, second):
    """The cosine of the angle between two sets of numbers; 1 where they point the same way."""
    return float(torch.cosine_similarity(first.flatten().double(), second.flatten().double(), 0))


def learned(network, faces, precision):
    """The logits and the gradients of the heads, each as (m,) float32."""
    with precision:
        logits = network(faces)
    targets = torch.eye(14)[torch.arange(len(faces)) % 14]
    loss = -(targets * torch.log_softmax(logits.float(), 1)).sum(1).mean()
    loss.backward()
    return logits.detach().float().flatten(), network.logits.weight.grad.flatten()


@pytest.mark.parametrize(("make", "side"), [(student, SIZE), (predecessor, SIZE), (teacher, 48)])
def test_kernels_are_as_close_to_float32_as_pytorchs_bfloat16(kernels, make, side):
    """An untrained network of fifty layers makes much of every rounding, whoever rounds."""
    torch.manual_seed(0)
    fast, autocast, exact = make(kernels), make(None), make(None)
    faces = pictures(32, side)
    told = []
    for network, precision in (
        (fast, reduced(kernels)),
        (autocast, torch.autocast("cpu", torch.bfloat16)),
        (exact, reduced(None)),
    ):
        network.load_state_dict(fast.state_dict() if network is not fast else network.state_dict())
        told.append(learned(network, faces, precision))
        if network is fast:  # its statistics have moved
            for name, value in fast.state_dict().items():
                assert torch.isfinite(value).all(), name
    for ours, theirs, expected in zip(*told, strict=True):
        assert likeness(ours, expected) > 0.9
        assert 1 - likeness(ours, expected) < 2 * (1 - likeness(theirs, expected)) + 0.005


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> SimpleNamespace:
    """A student that took over a colour network's weight file, and Keras' grey network of it."""
    keras.utils.set_random_seed(1)
    colour = keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(SIZE, SIZE, 3)
    )
    rng = np.random.default_rng(1)
    for layer in colour.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    path = tmp_path_factory.mktemp("weights") / "colour.weights.h5"
    colour.save_weights(path)
    network = build("mobilenetv2", 7, SIZE, backbone_weights=str(path))
    torch.manual_seed(0)
    made = MobileNet(MOBILENETV2, 14, 0.2, None)
    take_backbone(made, network)
    made.eval()
    return SimpleNamespace(student=made, network=network)


def test_the_predecessor_starts_from_imagenets_features(both):
    faces = pictures(3, SIZE, 5)
    inner = keras.Model(both.network.input, both.network.get_layer("pool").output)
    expected = inner.predict_on_batch(faces.numpy().transpose(0, 2, 3, 1))
    assert expected.std() > 0.05
    kept: list = []
    hook = both.student.dropout.register_forward_hook(lambda _, given, __: kept.append(given[0]))
    with torch.no_grad():
        both.student(faces)
    hook.remove()
    np.testing.assert_allclose(kept[0].numpy(), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("head", [0, 1])
def test_a_head_given_back_to_keras_says_the_same(both, head):
    network = build("mobilenetv2", 7, SIZE)
    give_to(network, both.student, head)
    faces = pictures(3, SIZE, 6)
    with torch.no_grad():
        expected = both.student(faces)[:, 7 * head : 7 * head + 7].numpy()
    told = network.predict_on_batch(faces.numpy().transpose(0, 2, 3, 1))
    assert expected.std() > 1e-3
    np.testing.assert_allclose(told, expected, rtol=1e-3, atol=1e-4)


def test_every_weight_of_keras_has_its_place(both):
    """All but the logits are there and back without a change."""
    network = build("mobilenetv2", 7, SIZE)
    give_to(network, both.student, 0)
    pairs = zip(network.weights[:-2], both.network.weights[:-2], strict=True)
    for ours, theirs in pairs:
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs), err_msg=ours.path)


@pytest.fixture(scope="module")
def fused(both) -> MobileNet:
    """A student of the device's shape with what `both.student` has."""
    torch.manual_seed(1)
    made = MobileNet(FUSED, 14, 0.2, None)
    take_shared(made, both.student)
    rng = np.random.default_rng(2)
    for name, layer in made.by_keras_name():
        if name.startswith(("stem", "dense")) and name.endswith("_BN"):
            for tensor in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                tensor.data.copy_(torch.from_numpy(rng.uniform(0.5, 1.5, tensor.shape)))
    made.eval()
    return made


def test_behind_its_first_blocks_the_student_is_its_predecessor(both, fused):
    """Given the same features there, both say the same."""
    early = fused.early(pictures(2, SIZE, 3)).detach()
    assert early.shape == both.student.early(pictures(2, SIZE, 3)).shape
    with torch.no_grad():
        told = []
        for one in (fused, both.student):
            one.early = lambda _: early
            told.append(one(pictures(2, SIZE, 3)))
            del one.early
    assert told[0].std() > 1e-3
    torch.testing.assert_close(*told)


@pytest.mark.parametrize("size", [SIZE, 112, 72])
def test_the_device_gets_the_network_that_was_trained(fused, size):
    """So a dense block pads, rectifies and adds as Keras' does; on maps of odd sides, too."""
    network = build("mobilenetv2-fused", 7, size)
    give_to(network, fused, 1)
    faces = pictures(3, size, 6)
    with torch.no_grad():
        expected = fused(faces)[:, 7:].numpy()
    told = network.predict_on_batch(faces.numpy().transpose(0, 2, 3, 1))
    assert expected.std() > 1e-3
    np.testing.assert_allclose(told, expected, rtol=1e-3, atol=1e-4)
