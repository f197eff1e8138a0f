"""The kernels against PyTorch's own operations in float64, from the same bfloat16 numbers."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch.nn import functional  # noqa: E402

from train.distilled.kernels import Activation, as_input  # noqa: E402
from train.distilled.operations import Depthwise, Norm, reduced  # noqa: E402

EPSILON = 1e-3
HALF_STEP = 2**-8  # of a bfloat16, relative: what rounding a result may cost
SHAPES = [(4, 16, 6, 6), (2, 24, 5, 7), (3, 144, 9, 4), (2, 32, 1, 1), (1, 34, 11, 13)]


def maps(shape, seed=0, spread=2.0):
    drawn = torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * spread
    return as_input(drawn)


def assert_close(told, expected, scale=1.0):
    """Within a rounding of the result, and of the sums' own terms."""
    torch.testing.assert_close(
        told.detach().double(), expected.detach(), rtol=2 * HALF_STEP, atol=scale * 2e-3
    )


def check_norm(kernels, shape, activation):
    x, gradient = maps(shape, 1) + 0.5, maps(shape, 2)
    norm = Norm(shape[1], kernels, activation, EPSILON)
    with torch.no_grad():
        norm.weight.uniform_(0.5, 3.0, generator=torch.Generator().manual_seed(3))
        norm.bias.uniform_(-1.0, 3.0, generator=torch.Generator().manual_seed(4))
    x.requires_grad_()
    with reduced(kernels):
        told = norm(x)
    told.backward(gradient)
    ours = [x.grad, norm.weight.grad, norm.bias.grad]

    exact = x.detach().double().requires_grad_()
    scale, offset = (one.detach().double().requires_grad_() for one in norm.parameters())
    mean, variance = exact.mean((0, 2, 3)), exact.var((0, 2, 3), unbiased=False)
    expected = functional.batch_norm(exact, None, None, scale, offset, training=True, eps=EPSILON)
    if activation is Activation.RELU:
        expected = functional.relu(expected)
    if activation is Activation.RELU6:
        expected = functional.hardtanh(expected, 0.0, 6.0)
    expected.backward(gradient.double())

    assert told.dtype == torch.bfloat16
    assert told.is_contiguous(memory_format=torch.channels_last)
    assert_close(told, expected)
    count = x.numel() / shape[1]
    for one, right, terms in zip(ours, [exact.grad, scale.grad, offset.grad], [1, count, count]):  # noqa: B905
        assert_close(one, right, terms**0.5)
    assert_close(norm.running_mean, 0.1 * mean)
    assert_close(norm.running_var, 0.9 + 0.1 * variance)


def check_depthwise(kernels, shape, stride):
    n, channels, height, width = shape
    x = maps(shape, 1).requires_grad_()
    gradient = maps((n, channels, height // stride, width // stride), 2)
    layer = Depthwise(channels, stride, kernels)
    with reduced(kernels):
        told = layer(x)
    told.backward(gradient)

    exact, weight = (one.detach().double().requires_grad_() for one in (x, layer.weight))
    padded = functional.pad(exact, (1, 1, 1, 1) if stride == 1 else (0, 1, 0, 1))
    expected = functional.conv2d(padded, weight, stride=stride, groups=channels)
    expected.backward(gradient.double())

    assert told.dtype == torch.bfloat16
    assert_close(told, expected)
    assert_close(x.grad, exact.grad)
    assert_close(layer.weight.grad, weight.grad, (n * height * width) ** 0.5)


@pytest.mark.parametrize("activation", Activation)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_batch_norm_is_pytorchs(kernels, shape, activation):
    if shape[0] * shape[2] * shape[3] < 4:
        shape = (64, *shape[1:])  # of two numbers nothing is left but their sign
    check_norm(kernels, shape, activation)


@pytest.mark.parametrize(
    ("shape", "stride"),
    [
        *((shape, 1) for shape in SHAPES),
        ((4, 16, 6, 6), 2),
        ((3, 144, 10, 4), 2),
        ((2, 24, 2, 8), 2),
        ((2, 24, 7, 7), 2),
        ((3, 8, 9, 4), 2),
        ((2, 24, 3, 5), 2),
    ],
    ids=str,
)
def test_a_depthwise_convolution_is_pytorchs(kernels, shape, stride):
    check_depthwise(kernels, shape, stride)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(
    n=st.integers(1, 3),
    channels=st.integers(1, 40).map(lambda half: 2 * half),
    height=st.integers(1, 6),
    width=st.integers(1, 6),
    stride=st.sampled_from([1, 2]),
)
def test_every_shape_is_right(kernels, n, channels, height, width, stride):
    check_depthwise(kernels, (n, channels, height * stride, width * stride), stride)
    check_norm(kernels, (n + 7, channels, height, width), Activation.NONE)


def test_threads_add_in_the_same_order_every_time(kernels):
    x = maps((8, 48, 16, 16), 1)
    scale, offset = torch.ones(48), torch.zeros(48)
    told = [kernels.norm_forward(x, scale, offset, EPSILON, Activation.RELU) for _ in range(5)]
    for again in told[1:]:
        for one, first in zip(again, told[0], strict=True):
            assert torch.equal(one, first)


def test_rounding_is_to_the_nearest_even(kernels):
    """As PyTorch rounds; with the identity as the kernel, what comes out is the rounded weight."""
    values = torch.tensor([1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, -(1 + 2**-8)])
    weight = torch.zeros(4, 1, 3, 3)
    weight[:, 0, 1, 1] = values
    told = kernels.depthwise_forward(as_input(torch.ones(1, 4, 3, 3)), weight, 1)
    assert torch.equal(told[0, :, 1, 1], values.bfloat16())


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.ones(2, 4, 3, 3), "float32.*not a bfloat16 map"),
        (torch.ones(2, 4, 3, 5).bfloat16(), "strides .*, not channels last"),
        (as_input(torch.ones(2, 5, 3, 3)), "an even number of channels"),
        (as_input(torch.ones(0, 4, 3, 3)), "must have some"),
        (torch.ones(4, 4).bfloat16(), "not a bfloat16 map"),
    ],
    ids=["float32", "channels first", "odd", "empty", "two axes"],
)
def test_memory_that_is_laid_out_otherwise_is_not_read(kernels, x, message):
    floats = torch.ones(x.shape[1])
    with pytest.raises(ValueError, match=message):
        kernels.norm_forward(x, floats, floats, EPSILON, Activation.NONE)
    with pytest.raises(ValueError, match=message):
        kernels.depthwise_forward(x, torch.ones(x.shape[1], 1, 3, 3), 1)


def test_what_does_not_belong_together_is_refused(kernels):
    x, floats = as_input(torch.ones(2, 4, 6, 5)), torch.ones(4)
    weights = torch.ones(4, 1, 3, 3)
    with pytest.raises(ValueError, match="not float32 of"):
        kernels.norm_forward(x, floats, torch.ones(6), EPSILON, Activation.NONE)
    with pytest.raises(ValueError, match="not float32 of"):
        kernels.depthwise_forward(x, weights.double(), 1)
    with pytest.raises(ValueError, match="stride 2 of 6x5"):
        kernels.depthwise_forward(x, weights, 2)
    with pytest.raises(ValueError, match="stride 3"):
        kernels.depthwise_forward(x, weights, 3)
    smaller = as_input(torch.ones(2, 4, 3, 3))
    with pytest.raises(ValueError, match="a gradient of"):
        kernels.norm_backward(x, smaller, (floats,) * 4, Activation.NONE)
    with pytest.raises(ValueError, match="a gradient of"):
        kernels.depthwise_backward(x, smaller, weights, 1)
