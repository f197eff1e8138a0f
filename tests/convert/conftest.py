"""Fixtures of the conversion's tests: a small model that reads drawn faces well, and its files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

# Before TensorFlow starts: one thread, so that sums come out the same, and no chatter.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

SIZE = 32


@pytest.fixture(scope="session")
def splits(generated):
    return generated.splits(per_class=12)


@pytest.fixture(scope="session")
def data(generated, splits, tmp_path_factory) -> Path:
    return generated.write(tmp_path_factory.mktemp("fer2013"), splits)


@pytest.fixture(scope="session")
def model(splits):
    """MobileNetV2's first three blocks at random, and a last layer fitted in closed form.

    Batch norm takes its statistics from the Training faces, ridge regression the last layer. That
    tells drawn faces apart with a margin, is the same every time, and costs seconds; three blocks
    hold all that a converter meets: padding, strides, depthwise layers, a residual sum.
    """
    import keras

    from train.architectures import build
    from train.batches import plain

    keras.utils.set_random_seed(0)
    whole = build("mobilenetv2", 7, SIZE, alpha=0.35)
    flat = keras.layers.Flatten()(whole.get_layer("block_2_add").output)
    made = keras.Model(whole.input, keras.layers.Dense(7, name="logits")(flat))
    faces = plain(splits["Training"], SIZE).astype(np.float32)
    for layer in made.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    made(faces, training=True)
    features = keras.Model(made.input, flat).predict_on_batch(faces)
    wanted = 6 * np.eye(7)[splits["Training"].labels] - 1
    middle = features.mean(axis=0)
    centred = features - middle
    kernel = np.linalg.solve(
        centred.T @ centred + 10 * np.eye(features.shape[1]), centred.T @ (wanted - wanted.mean(0))
    )
    made.get_layer("logits").set_weights([kernel, wanted.mean(axis=0) - middle @ kernel])
    return made


def _fit_quickly(network: Any, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
    import keras

    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    given = images.astype(np.float32)
    network(given, training=True)
    pooled = keras.Model(network.input, network.get_layer("pool").output)
    features = keras.ops.convert_to_numpy(pooled(given, training=False))
    middle, scale = features.mean(axis=0), features.std()
    centred = (features - middle) / scale
    wanted = 6 * np.eye(network.output_shape[1])[labels] - 1
    gram = centred @ centred.T  # faces are fewer than features, so the equations in faces
    ridge = np.eye(len(gram)) * np.trace(gram) / len(gram)
    kernel = centred.T @ np.linalg.solve(gram + ridge, wanted - wanted.mean(axis=0)) / scale
    network.get_layer("logits").set_weights([kernel, wanted.mean(axis=0) - middle @ kernel])


@pytest.fixture(scope="session")
def fit_quickly() -> Callable[[Any, NDArray[np.uint8], NDArray[np.int64]], None]:
    """Let a network of `train.architectures` tell (n, s, s, 1) faces apart, its features at random.

    Batch norms take their statistics from these faces, ridge regression the last layer.
    """
    return _fit_quickly


@pytest.fixture(scope="session")
def keras_file(model, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("run") / "best.keras"
    model.save(path)
    return path


MAKERS = {
    "float32.tflite": "convert.tflite.float32",
    "float16.tflite": "convert.tflite.float16",
    "dynamic.tflite": "convert.tflite.dynamic",
    "int8.tflite": "convert.tflite.int8",
    "float32.onnx": "convert.onnx_files.float32",
    "int8.onnx": "convert.onnx_files.int8",
}


@pytest.fixture(scope="session")
def made(model, splits, tmp_path_factory) -> SimpleNamespace:
    """One conversion: `.folder`, `.card` and what was said."""
    from convert.convert import convert
    from convert.plan import Plan

    folder = tmp_path_factory.mktemp("models")
    lines: list[str] = []
    card = convert(
        model,
        splits,
        folder,
        "tiny",
        {"recipe": "for tests"},
        plan=Plan(aware="never"),
        say=lines.append,
    )
    return SimpleNamespace(folder=folder, card=card, lines=lines)


@pytest.fixture
def quick(made, monkeypatch) -> None:
    """Files that were made before, since making them takes most of the time."""
    for ending, maker in MAKERS.items():
        content = (made.folder / f"tiny-{ending}").read_bytes()
        monkeypatch.setattr(maker, lambda *_, content=content: content)


@pytest.fixture
def reconvert(quick, model, splits) -> Callable[..., dict[str, Any]]:
    """`convert` with files that were made before."""
    from convert.convert import convert
    from convert.formats import parse_formats
    from convert.plan import Plan

    del quick

    def again(
        out: Path, name: str = "again", formats: str = "int8.tflite,float32.tflite", **options: Any
    ) -> dict[str, Any]:
        plan = Plan(parse_formats(formats), aware="never", **options)
        return convert(model, splits, out, name, {}, plan=plan, say=lambda _: None)

    return again
