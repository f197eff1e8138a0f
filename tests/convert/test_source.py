"""The model to convert: a `.keras` file, or a float file as shipped, with what its card tells."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from convert.convert import convert
from convert.formats import parse_formats
from convert.plan import Plan
from convert.source import read_source
from edge.errors import DataError, ModelError
from train.architectures import build
from train.batches import prepared
from train.evaluate import predict

SIZE = 32
TRAINED = {"command": "edge-train fit", "recipe": {"arch": "mini", "alpha": 1.0}, "note": "mine"}
AUDIT = {"faces": {"Training": 420}}


@pytest.fixture(scope="module")
def shipped(splits, fit_quickly, tmp_path_factory) -> SimpleNamespace:
    """A float file with batch norms folded, and its card: `.file`, `.card`, `.network`."""
    keras.utils.set_random_seed(0)
    network = build("mini", 7, SIZE)
    training = splits["Training"]
    fit_quickly(network, prepared(training.images, SIZE), training.labels)
    folder = tmp_path_factory.mktemp("shipped")
    plan = Plan(parse_formats("float32.tflite"))
    convert(network, splits, folder, "m", TRAINED, plan=plan, say=lambda _: None, audit=AUDIT)
    return SimpleNamespace(
        file=folder / "m-float32.tflite", card=folder / "m.json", network=network
    )


@pytest.mark.parametrize("which", ["file", "card"])
def test_a_shipped_file_is_a_model_again(shipped, splits, which):
    source = read_source(getattr(shipped, which))
    images = splits["PublicTest"].images
    np.testing.assert_allclose(
        predict(source.model, images), predict(shipped.network, images), atol=1e-4
    )
    assert source.trained == TRAINED
    assert source.audit == AUDIT


def test_converting_it_again_changes_no_weight(shipped, splits, tmp_path):
    """Or each clone's conversion would drift a little further from what was measured."""
    files = [shipped.file]
    for name in ("second", "third"):
        source = read_source(files[-1])
        plan = Plan(parse_formats("float32.tflite"))
        out = tmp_path / name
        convert(source.model, splits, out, "m", source.trained, plan=plan, say=lambda _: None)
        files.append(out / "m-float32.tflite")
    assert files[1].read_bytes() == files[2].read_bytes()
    told = [json.loads((path.parent / "m.json").read_text()) for path in files]
    first, second = (one["files"]["m-float32.tflite"]["metrics"] for one in told[:2])
    assert first == second


def test_a_keras_file_goes_as_it_is(keras_file, model):
    source = read_source(keras_file)
    for one, other in zip(source.model.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (source.audit, "recipe" in source.trained) == (None, True)


def test_an_int8_file_has_lost_too_much(made):
    with pytest.raises(DataError, match="is not the float32 file"):
        read_source(made.folder / "tiny-int8.tflite")


def test_a_file_that_was_changed_is_refused(shipped, tmp_path):
    for path in (shipped.file, shipped.card):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / shipped.file.name).write_bytes(shipped.file.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="sha256 differs"):
        read_source(tmp_path / shipped.file.name)


def test_a_file_without_a_card_is_refused(shipped, tmp_path):
    lonely = Path(tmp_path / "m-float32.tflite")
    lonely.write_bytes(shipped.file.read_bytes())
    with pytest.raises(ModelError, match="no model card beside it"):
        read_source(lonely)
