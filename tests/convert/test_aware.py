"""Fine-tuning with int8 in the loop: the simulation is the file, and a bad network gets better."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from keras import layers

from convert import aware, tflite
from convert.fake_quant import RoundedOutput, calibrate, simulated
from convert.fold import folded
from edge.errors import DataError
from train.batches import plain
from train.evaluate import predict

SIZE = 32
EPOCHS = 40  # of one batch each, as the drawn faces are few


@pytest.fixture(scope="module")
def ranges(splits):
    chosen = plain(splits["Training"], SIZE)
    chosen[0, 0, :2, 0] = 0, 255  # or the input's scale would not be 1
    return chosen


@pytest.fixture(scope="module")
def bad(splits, fit_quickly, ranges) -> keras.Model:
    """A network of which int8 keeps nothing: one depthwise channel is a thousand times the others.

    The next layer takes it down again, so the float network does not mind; in int8 it takes all
    256 levels, and the other channels are left with none.
    """
    keras.utils.set_random_seed(1)
    face = keras.Input((SIZE, SIZE, 1), name="face")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="scale")(face)
    for name, layer in (
        ("stem", layers.Conv2D(12, 3, strides=2, padding="same", use_bias=False, name="stem")),
        ("deep", layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False, name="deep")),
        ("wide", layers.Conv2D(24, 1, use_bias=False, name="wide")),
    ):
        x = layers.BatchNormalization(name=f"{name}_bn")(layer(x))
        x = layers.ReLU(name=f"{name}_relu")(x)
    x = layers.Flatten(name="pool")(x)
    network = keras.Model(face, layers.Dense(7, name="logits")(x), name="bad")
    fit_quickly(network, ranges, splits["Training"].labels)
    norm, after = network.get_layer("deep_bn"), network.get_layer("wide")
    gamma, beta, *statistics = norm.get_weights()
    kernel = after.get_weights()[0]
    for one, factor in ((gamma, 1000), (beta, 1000), (kernel[0, 0], 1 / 1000)):
        one[0] *= factor
    norm.set_weights([gamma, beta, *statistics])
    after.set_weights([kernel])
    return network


@pytest.fixture(scope="module")
def tuned(bad, splits) -> tuple[keras.Model, list[str]]:
    lines: list[str] = []
    made = aware.fine_tune(
        bad, splits, minutes=9, epochs=EPOCHS, learning_rate=1e-3, say=lines.append
    )
    return made, lines


def run_int8(content: bytes, faces: np.ndarray) -> np.ndarray:
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    given, told = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero = told["quantization"]
    rows = []
    for face in faces:
        interpreter.set_tensor(given["index"], (face[None].astype(np.int16) - 128).astype(np.int8))
        interpreter.invoke()
        rows.append((interpreter.get_tensor(told["index"])[0].astype(np.float32) - zero) * scale)
    return np.stack(rows)


def in_simulation(plain_model: keras.Model, ranges: np.ndarray, splits) -> np.ndarray:
    simulation = simulated(plain_model)
    calibrate(simulation, plain_model, ranges)
    return predict(simulation, splits["PublicTest"].images)


def accuracy(logits: np.ndarray, splits) -> float:
    return float((logits.argmax(axis=1) == splits["PublicTest"].labels).mean())


def test_the_simulation_is_the_file(model, splits, ranges):
    public = plain(splits["PublicTest"], SIZE)
    network = folded(model)
    file = run_int8(tflite.int8(network, ranges), public)
    told = in_simulation(network, ranges, splits)
    float_noise = np.abs(predict(network, splits["PublicTest"].images) - file).mean()
    assert (file.argmax(axis=1) == told.argmax(axis=1)).mean() > 0.97
    assert np.abs(told - file).mean() < float_noise


def test_a_bad_network_gets_better(bad, tuned, splits, ranges):
    public = plain(splits["PublicTest"], SIZE)
    before = accuracy(run_int8(tflite.int8(bad, ranges), public), splits)
    assert before < 0.3
    assert accuracy(predict(bad, splits["PublicTest"].images), splits) > 0.9
    made, lines = tuned
    file = run_int8(tflite.int8(made, ranges), public)
    assert accuracy(file, splits) > before + 0.25
    told = in_simulation(made, ranges, splits)
    assert (file.argmax(axis=1) == told.argmax(axis=1)).mean() > 0.9
    assert len(lines) == 1 + EPOCHS


def test_what_comes_back_is_a_plain_float_model(bad, tuned):
    made, _ = tuned
    kinds = (layers.BatchNormalization, RoundedOutput)
    assert not any(isinstance(layer, kinds) for layer in made.layers)
    assert {layer.name for layer in made.layers} <= {layer.name for layer in bad.layers}
    assert keras.models.model_from_json(made.to_json()).count_params() == made.count_params()


def test_where_it_does_not_help_the_model_stays(model, splits):
    """The fixture reads every face right in int8, so no epoch can be better."""
    lines: list[str] = []
    made = aware.fine_tune(model, splits, minutes=9, epochs=1, learning_rate=1e-2, say=lines.append)
    faces = splits["PublicTest"].images
    np.testing.assert_allclose(predict(made, faces), predict(model, faces), atol=1e-4)
    assert "did not help" in lines[-1]


def test_no_minutes_no_epoch(bad, splits):
    lines: list[str] = []
    made = aware.fine_tune(bad, splits, minutes=0, say=lines.append)
    faces = splits["PublicTest"].images
    np.testing.assert_allclose(predict(made, faces), predict(bad, faces), atol=1e-3)
    assert not [line for line in lines if line.startswith("epoch")]


def test_the_same_seed_gives_the_same_weights(bad, tuned, splits):
    again = aware.fine_tune(
        bad, splits, minutes=9, epochs=EPOCHS, learning_rate=1e-3, say=lambda _: None
    )
    for one, other in zip(tuned[0].get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_too_few_faces(bad, splits):
    few = splits | {"Training": splits["Training"][:20]}
    with pytest.raises(DataError, match="20 Training faces of 7 classes"):
        aware.fine_tune(bad, few, say=lambda _: None)
