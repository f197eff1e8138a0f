import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import ModelError
from edge.labels import EMOTIONS, TASKS
from edge.vision.card import DEFAULT_CARD, GoldenFile, ModelCard, find_card, read_card
from edge.vision.expression import load_model

PATIENT = settings(deadline=None)  # other jobs may run beside the tests

CARD: dict[str, Any] = {
    "labels": list(EMOTIONS),
    "input": {"size": 64, "source_size": 48},
    "crop_margin": 0.0,
    "temperature": 1.25,
    "files": {
        "m-int8.tflite": {"sha256": "ab" * 32, "format": "tflite", "precision": "int8"},
        "m-float32.tflite": {"sha256": "cd" * 32, "format": "tflite", "precision": "float32"},
    },
}


NO_NAMES = ("", "../m.npz", "sub/m.npz", "/m.npz", "m\n.npz")


def write(folder: Path, card: object, name: str = "m.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(card), encoding="utf-8")
    return path


def changed(path: str, value: object) -> dict[str, Any]:
    """`CARD` with another value at a place such as `input.size`."""
    card = copy.deepcopy(CARD)
    *parents, last = path.split("/")
    table = card
    for parent in parents:
        table = table[parent]
    table[last] = value
    return card


def test_the_shipped_card_is_good() -> None:
    card = read_card(DEFAULT_CARD)
    assert sorted(card.labels) == sorted(EMOTIONS)
    for name in card.files:
        assert card.verified(DEFAULT_CARD.parent / name)


@pytest.mark.parametrize(
    ("file_format", "precision"), [("tflite", "int8"), ("tflite", "float32"), ("onnx", "int8")]
)
def test_the_shipped_card_names_the_files_that_are_promised(
    file_format: str, precision: str
) -> None:
    picked = read_card(DEFAULT_CARD).pick(file_format, precision)
    assert picked.is_file()
    assert find_card(picked).path == DEFAULT_CARD


def test_a_card_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, CARD)
    assert read_card(path) == ModelCard(path, EMOTIONS, 64, 48, 0.0, 1.25, CARD["files"])


GOLDEN = {"file": "m-golden.npz", "sha256": "ef" * 32, "inputs": 40}


def test_a_golden_file_is_read_where_there_is_one(tmp_path: Path) -> None:
    card = read_card(write(tmp_path, CARD | {"golden": GOLDEN}))
    assert card.golden == GoldenFile("m-golden.npz", "ef" * 32)
    with pytest.raises(ModelError, match=r"m-golden\.npz: cannot be read"):
        card.verified_golden()
    (tmp_path / "m-golden.npz").write_bytes(b"another")
    with pytest.raises(ModelError, match=r"m-golden\.npz: sha256 differs from m\.json"):
        card.verified_golden()


def test_a_card_of_an_older_version_has_none(tmp_path: Path) -> None:
    for card in (CARD, CARD | {"golden": None}):
        read = read_card(write(tmp_path, card))
        assert read.golden is None
        with pytest.raises(ModelError, match=r"m\.json: names no golden file.*edge-convert"):
            read.verified_golden()


@pytest.mark.parametrize(
    "golden",
    [
        [],
        "m-golden.npz",
        3,
        {},
        {"file": "m.npz"},
        *({"file": name, "sha256": ""} for name in NO_NAMES),
    ],
    ids=repr,
)
def test_a_golden_file_that_cannot_be_meant_is_refused(tmp_path: Path, golden: object) -> None:
    written = write(tmp_path, CARD | {"golden": golden})
    with pytest.raises(ModelError, match=r"m\.json: .*; reinstall the model or run edge-convert"):
        read_card(written)


@pytest.mark.parametrize("task", TASKS)
def test_a_card_may_have_the_labels_of_any_task_in_any_order(tmp_path: Path, task: str) -> None:
    turned = list(reversed(TASKS[task]))
    assert read_card(write(tmp_path, changed("labels", turned))).labels == tuple(turned)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("labels", ["angry", "happy"]),
        ("labels", ["negative", "positive"]),
        ("labels", [*EMOTIONS[:6], "bored"]),
        ("labels", [*EMOTIONS, "angry"]),
        ("labels", "angry"),
        ("labels", None),
        ("input/size", 0),
        ("input/size", 1e9),
        ("input/size", float("inf")),
        ("input/source_size", -48),
        ("input", 64),
        ("crop_margin", -0.5),
        ("crop_margin", float("nan")),
        ("temperature", 0),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        ("temperature", 10**400),
        ("temperature", "warm"),
        ("files", []),
        ("files", {"m.tflite": {}}),
        ("files", {"m.tflite": "abc"}),
        ("files", {"sub/m.tflite": CARD["files"]["m-int8.tflite"]}),
        ("files", {"../m.tflite": CARD["files"]["m-int8.tflite"]}),
        ("files", {"": CARD["files"]["m-int8.tflite"]}),
        ("files", {"m\0.tflite": CARD["files"]["m-int8.tflite"]}),
        ("files", {"\ud800.tflite": CARD["files"]["m-int8.tflite"]}),
    ],
    ids=lambda value: repr(value)[:24].encode("ascii", "replace").decode(),
)
def test_a_card_that_cannot_be_meant_is_refused(tmp_path: Path, path: str, value: object) -> None:
    written = write(tmp_path, changed(path, value))
    with pytest.raises(ModelError, match=r"m\.json: .*; reinstall the model or run edge-convert"):
        read_card(written)


@pytest.mark.parametrize("key", CARD)
def test_a_card_that_lacks_something_is_refused(tmp_path: Path, key: str) -> None:
    less = {name: value for name, value in CARD.items() if name != key}
    with pytest.raises(ModelError, match=rf"m\.json: is not a model card \(KeyError: '{key}'\)"):
        read_card(write(tmp_path, less))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'"card"', b"\xff\xfe", b"[" * 100_000, b"1" * 5000],
    ids=["empty", "cut off", "list", "null", "text", "not UTF-8", "deep", "digits"],
)
def test_what_is_no_card_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"m\.json: is not a model card"):
        read_card(path)


def test_a_missing_card_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.json: cannot be read \(No such file"):
        read_card(tmp_path / "none.json")


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a card."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [path, *(place for key, inner in items for place in places(inner, (*path, key)))]


names = st.text(max_size=9)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """The card with up to three places replaced by anything that JSON can say."""
    card: Any = copy.deepcopy(CARD | {"golden": GOLDEN})
    for _ in range(draw(st.integers(1, 3))):
        (*parents, last) = draw(st.sampled_from([place for place in places(card) if place]))
        table = card
        for parent in parents:
            table = table[parent]
        table[last] = draw(values)
    return card


@PATIENT
@given(mutated(), st.sampled_from([None, "litert", "onnx"]))
def test_whatever_a_card_says_only_a_model_error_comes_out(
    tmp_path_factory: pytest.TempPathFactory, card: object, runtime: str | None
) -> None:
    folder = tmp_path_factory.getbasetemp() / "mutated"
    folder.mkdir(exist_ok=True)
    path = write(folder, card)
    (folder / "m-int8.tflite").write_bytes(b"not the model")
    for model in (path, folder / "m-int8.tflite"):
        with pytest.raises(ModelError):
            load_model(model, runtime=runtime)


def test_a_file_that_differs_from_its_card_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m-int8.tflite"
    path.write_bytes(b"changed")
    card = read_card(write(tmp_path, CARD))
    with pytest.raises(ModelError, match=r"m-int8\.tflite: sha256 differs from m\.json"):
        card.verified(path)


def test_a_file_that_the_card_names_but_is_not_there_is_told(tmp_path: Path) -> None:
    card = read_card(write(tmp_path, CARD))
    with pytest.raises(ModelError, match=r"m-int8\.tflite: cannot be read \(No such file"):
        card.verified(card.pick("tflite"))


def test_a_format_that_the_card_lacks_is_told(tmp_path: Path) -> None:
    card = read_card(write(tmp_path, CARD))
    with pytest.raises(ModelError, match=r"m\.json: names no int8 onnx file; run edge-convert"):
        card.pick("onnx")


def test_the_card_is_found_among_others(tmp_path: Path) -> None:
    (tmp_path / "m-int8.tflite").write_bytes(b"model")
    write(tmp_path, {"files": 3}, "a-broken.json")
    write(tmp_path, changed("files", {}), "b-other.json")
    path = write(tmp_path, CARD)
    assert find_card(tmp_path / "m-int8.tflite").path == path


def test_a_model_without_a_card_is_refused(tmp_path: Path) -> None:
    shutil.copy(read_card(DEFAULT_CARD).pick("tflite"), tmp_path / "alone.tflite")
    with pytest.raises(ModelError, match=r"alone\.tflite: no model card beside it names this file"):
        find_card(tmp_path / "alone.tflite")


def test_a_missing_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.tflite: no such model file"):
        find_card(tmp_path / "none.tflite")
