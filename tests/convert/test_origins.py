"""An operation is called by the layer of the Keras model that does its arithmetic."""

from __future__ import annotations

import pytest

from convert import tflite
from convert.origins import layer_of, operations, plain_interpreter


@pytest.mark.parametrize(
    ("names", "layer"),
    [
        (["net_1/stem_relu_1/Relu6;net_1/stem_conv_1/convolution1"], "stem_conv"),
        (["net_1/block_2_add_1/Add"], "block_2_add"),
        (["net_1/deep_bn_1/batchnorm/mul_1;net_1/deep_1/depthwise;net_1/pad_1/Pad"], "deep"),
        (["Identity", "net_1/logits_1/MatMul"], "logits"),
        (["net_1/stem_bn_1/batchnorm/mul_1", "net_1/stem_1/convolution/merged_input:0"], "stem"),
        (["Identity"], "Identity"),
    ],
)
def test_layer_of(names, layer):
    assert layer_of(names) == layer


def test_each_operation_is_a_layer_of_the_model_in_its_order(model):
    found = operations(plain_interpreter(tflite.float32(model)))
    order = [layer.name for layer in model.layers]
    places = [order.index(one.layer) for one in found]
    assert places == sorted(places)
    assert [one.layer for one in found if one.kind == "DEPTHWISE_CONV_2D"] == [
        "expanded_conv_depthwise",
        "block_1_depthwise",
        "block_2_depthwise",
    ]
    assert all(one.is_float for one in found)
