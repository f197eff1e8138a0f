"""The shipped model files through every interpreter that is installed."""

import hashlib
import importlib
import json
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import edge.camera
from edge.errors import ModelError
from edge.labels import EMOTIONS, TASKS
from edge.vision.card import DEFAULT_CARD, read_card
from edge.vision.expression import (
    INSTALL,
    MODULES,
    RUNTIMES,
    ExpressionModel,
    build_network,
    load_model,
)
from edge.vision.face import Gray

FILES = sorted(read_card(DEFAULT_CARD).files)
VISITOR = Path(edge.camera.__file__).with_name("visitor")


@cache
def shipped(name: str) -> ExpressionModel:
    return load_model(DEFAULT_CARD.with_name(name))


def composite(mood: str) -> Gray:
    face = cv2.imread(str(VISITOR / f"{mood}.png"), cv2.IMREAD_GRAYSCALE)
    assert face is not None
    return np.asarray(face, dtype=np.uint8)


def own_model(folder: Path, content: bytes, suffix: str = ".tflite", **changes: Any) -> Path:
    """A model file of any content with a card that vouches for it."""
    path = folder / f"own{suffix}"
    path.write_bytes(content)
    about = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "format": suffix[1:],
        "precision": "int8",
    }
    card = json.loads(DEFAULT_CARD.read_text()) | {"files": {path.name: about}} | changes
    (folder / "own.json").write_text(json.dumps(card))
    return path


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=15, deadline=None)
@given(
    shapes=st.lists(st.tuples(st.integers(1, 300), st.integers(1, 300)), max_size=3),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_crop_gets_seven_probabilities(
    name: str, shapes: list[tuple[int, int]], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    faces = [rng.integers(0, 256, shape, np.uint8) for shape in shapes]
    told = shipped(name).predict(faces)
    assert told.shape == (len(faces), 7)
    assert told.dtype == np.float32
    assert np.isfinite(told).all()
    assert (told >= 0).all()
    assert told.sum(axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("level", [0, 255])
def test_a_flat_crop_is_no_trouble(name: str, level: int) -> None:
    assert np.isfinite(shipped(name).predict([np.full((60, 60), level, np.uint8)])).all()


@pytest.mark.parametrize("mood", ["neutral", "happy", "surprise"])
def test_every_file_sees_the_same_in_a_clear_face(mood: str) -> None:
    labels = {}
    for name in FILES:
        model = shipped(name)
        labels[name] = model.labels[model.predict([composite(mood)])[0].argmax()]
    assert set(labels.values()) == {mood}, labels


@pytest.mark.parametrize("name", FILES)
def test_faces_do_not_influence_each_other(name: str) -> None:
    faces = [composite(mood) for mood in ("neutral", "happy", "angry")]
    one_by_one = np.concatenate([shipped(name).predict([face]) for face in faces])
    assert np.array_equal(shipped(name).predict(faces), one_by_one)


@pytest.mark.parametrize("name", FILES)
def test_probabilities_are_the_softmax_of_cooled_logits(name: str) -> None:
    model = shipped(name)
    powers = np.exp(model.logits([composite("sad")])[0].astype(float) / model.card.temperature)
    assert model.predict([composite("sad")])[0] == pytest.approx(powers / powers.sum(), abs=1e-5)


@pytest.mark.parametrize("name", [name for name in FILES if "int8" in name])
@pytest.mark.parametrize("mood", ["neutral", "happy", "surprise"])
def test_int8_logits_are_on_the_scale_of_the_float_ones(name: str, mood: str) -> None:
    exact = shipped(read_card(DEFAULT_CARD).pick("tflite", "float32").name)
    expected, told = exact.logits([composite(mood)])[0], shipped(name).logits([composite(mood)])[0]
    assert np.abs(told - expected).max() < 0.25 * np.ptp(expected)


def test_logits_may_be_large() -> None:
    card = read_card(DEFAULT_CARD)
    logits = np.array([2000, -2000, 0, 0, 0, 0, 2000], np.float32)
    model = ExpressionModel(card, card.path, "made up", lambda _: logits)
    assert model.predict([composite("sad")])[0] == pytest.approx([0.5, 0, 0, 0, 0, 0, 0.5])


@pytest.mark.parametrize("name", FILES)
def test_a_crop_may_be_a_view_that_must_not_be_written(name: str) -> None:
    picture = np.zeros((200, 300), np.uint8)
    picture[20:116, 30:126] = cv2.resize(composite("happy"), (96, 96))
    picture.flags.writeable = False
    view = picture[20:116, 30:126]
    assert np.array_equal(shipped(name).predict([view]), shipped(name).predict([view.copy()]))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "face",
    [np.zeros((0, 9), np.uint8), np.zeros((9, 9, 3), np.uint8), np.zeros((9, 9))],
    ids=["empty", "colour", "float"],
)
def test_what_is_no_crop_is_refused(name: str, face: Gray) -> None:
    with pytest.raises(ValueError, match="must be a 2-D uint8 crop"):
        shipped(name).predict([face])


def test_the_shipped_model_is_the_default() -> None:
    model = load_model()
    assert model.path == read_card(DEFAULT_CARD).pick("tflite")
    assert model.runtime == "litert"
    assert sorted(model.labels) == sorted(EMOTIONS)


def test_a_card_gives_the_file_for_the_runtime() -> None:
    assert load_model(DEFAULT_CARD, runtime="onnx").path.suffix == ".onnx"
    assert load_model(str(DEFAULT_CARD), runtime="litert").path.suffix == ".tflite"


@pytest.mark.parametrize("suffix", [".tflite", ".onnx"])
def test_threads_change_nothing_but_speed(suffix: str) -> None:
    name = next(name for name in FILES if name.endswith(suffix) and "int8" in name)
    two = load_model(DEFAULT_CARD.with_name(name), threads=2)
    expected = shipped(name).predict([composite("happy")])
    assert two.predict([composite("happy")]) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_refused(tmp_path: Path, name: str) -> None:
    shutil.copy(DEFAULT_CARD, tmp_path)
    content = bytearray(DEFAULT_CARD.with_name(name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name}: sha256 differs from {DEFAULT_CARD.name}"):
        load_model(tmp_path / name)


@pytest.mark.parametrize("suffix", [".tflite", ".onnx"])
def test_a_file_without_a_card_is_refused(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"m{suffix}").write_bytes(b"model")
    with pytest.raises(ModelError, match="no model card beside it names this file"):
        load_model(tmp_path / f"m{suffix}")


@pytest.mark.parametrize("suffix", [".tflite", ".onnx"])
@pytest.mark.parametrize("content", [b"", b"junk" * 500], ids=["empty", "junk"])
def test_what_no_interpreter_can_run_is_told(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = own_model(tmp_path, content, suffix)
    with pytest.raises(ModelError, match=rf"own{suffix}: \w+ cannot run it .*; run edge-convert"):
        load_model(path)


@pytest.mark.parametrize("precision", ["int8", "float32"])
def test_a_card_with_the_wrong_input_size_is_told(tmp_path: Path, precision: str) -> None:
    card = read_card(DEFAULT_CARD)
    content = card.pick("tflite", precision).read_bytes()
    size = {"size": card.input_size + 8, "source_size": card.source_size}
    path = own_model(tmp_path, content, input=size)
    with pytest.raises(ModelError, match="litert cannot run it"):
        load_model(path)


@pytest.mark.parametrize("file_format", ["tflite", "onnx"])
@pytest.mark.parametrize("task", ["valence", "happy-sad"])
def test_a_card_with_other_labels_than_outputs_is_told(
    tmp_path: Path, file_format: str, task: str
) -> None:
    content = read_card(DEFAULT_CARD).pick(file_format).read_bytes()
    path = own_model(tmp_path, content, f".{file_format}", labels=list(TASKS[task]))
    told = f"tells 7 numbers where own.json has {len(TASKS[task])} labels; run edge-convert"
    with pytest.raises(ModelError, match=told):
        load_model(path)


@pytest.mark.parametrize(
    ("name", "runtime"),
    [("tflite", "onnx"), ("onnx", "litert"), ("onnx", "tflite")],
)
def test_a_runtime_that_cannot_read_the_file_is_told(name: str, runtime: str) -> None:
    path = read_card(DEFAULT_CARD).pick(name)
    with pytest.raises(ModelError, match=f"is a {name} file, which runtime {runtime} cannot read"):
        load_model(path, runtime=runtime)


def test_an_unknown_runtime_is_told() -> None:
    with pytest.raises(ModelError, match="'cuda' is not one of litert, tflite, onnx"):
        load_model(runtime="cuda")


def without(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    """As on a device that these were never installed on."""
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)


LITERT, TFLITE = "ai_edge_litert.interpreter", "tflite_runtime.interpreter"


def test_tflite_runtime_stands_in_for_litert(monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter = importlib.import_module(LITERT)
    without(monkeypatch, LITERT)
    monkeypatch.setitem(sys.modules, TFLITE, interpreter)
    model = load_model()
    assert model.runtime == "tflite"
    assert np.array_equal(
        model.predict([composite("sad")]), shipped(model.path.name).predict([composite("sad")])
    )


@pytest.mark.parametrize(
    ("runtime", "advised"),
    [(None, ["litert", "tflite"]), *((name, [name]) for name in RUNTIMES)],
    ids=["any", *RUNTIMES],
)
def test_a_missing_interpreter_is_told_with_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, runtime: str | None, advised: list[str]
) -> None:
    without(monkeypatch, LITERT, TFLITE, "onnxruntime")
    with pytest.raises(ModelError, match="no interpreter for it is installed") as caught:
        load_model(runtime=runtime)
    for name, how in INSTALL.items():
        assert (how in str(caught.value)) == (name in advised)


def test_a_network_of_bytes_alone_tells_what_the_model_tells() -> None:
    model = shipped("emotion-int8.tflite")
    face = np.full((model.card.input_size,) * 2, 90, np.uint8)
    network = build_network(model.path.read_bytes(), model.runtime)
    assert np.array_equal(network(face[None, :, :, None]), model.prepared_logits([face])[0])


def test_every_runtime_has_its_module_and_its_way_to_get_it() -> None:
    assert set(MODULES) == set(INSTALL) == set(RUNTIMES)
