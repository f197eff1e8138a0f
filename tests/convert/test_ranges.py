"""Ranges are those of each layer alone, also where a sum is computed in its place."""

from __future__ import annotations

import keras
import numpy as np

from convert import tflite
from convert.origins import operations, plain_interpreter
from convert.ranges import extremes
from train.batches import plain


def test_extremes_are_those_of_the_keras_model(model, splits):
    faces = plain(splits["PublicTest"], 32)[:12]
    found = extremes(tflite.float32(model), faces)
    layers = operations(plain_interpreter(tflite.float32(model)))
    for layer, fed in (("block_2_project", "block_2_project_BN"), ("block_2_add", "block_2_add")):
        told = keras.Model(model.input, model.get_layer(fed).output).predict_on_batch(faces)
        name = next(one.tensor for one in layers if one.layer == layer)
        np.testing.assert_allclose(found[name], (told.min(), told.max()), rtol=1e-3)


def test_a_residual_branch_keeps_its_own_scale(model, splits):
    """TFLite's calibrator gives it the wider range of the sum, and half its levels stand idle."""
    faces = plain(splits["PublicTest"], 32)[:12]
    interpreter = plain_interpreter(tflite.int8(model, faces))
    scales = {
        one.layer: interpreter._get_tensor_details(one.output, 0)["quantization"][0]
        for one in operations(interpreter)
    }
    told = keras.Model(
        model.input,
        [model.get_layer(name).output for name in ("block_2_project_BN", "block_2_add")],
    ).predict_on_batch(faces)
    branch, whole = (float(np.ptp(one)) / 255 for one in told)
    assert branch < 0.9 * whole  # otherwise this test shows nothing
    np.testing.assert_allclose(scales["block_2_project"], branch, rtol=1e-3)
    np.testing.assert_allclose(scales["block_2_add"], whole, rtol=1e-3)


def test_pixels_keep_all_their_levels(model, splits):
    faces = plain(splits["PublicTest"], 32)[:12]
    faces[0, 0, :2, 0] = 0, 255
    interpreter = plain_interpreter(tflite.int8(model, faces))
    scaled = next(one for one in operations(interpreter) if one.kind == "MUL")
    scale, _ = interpreter._get_tensor_details(scaled.output, 0)["quantization"]
    np.testing.assert_allclose(scale, 2 / 255, rtol=1e-4)
