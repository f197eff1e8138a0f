"""The golden file: what is packed comes out again; anything else is told in one line."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge.errors import ModelError
from edge.golden import Answers, Golden, pack, read_golden
from edge.vision.card import GoldenFile, ModelCard
from edge.vision.detect import DetectionConfig
from edge.vision.face import Box, Gray

LABELS = ("negative", "neutral", "positive")
SIZE = 8


def card(folder: Path, content: bytes) -> ModelCard:
    (folder / "m-golden.npz").write_bytes(content)
    about = GoldenFile("m-golden.npz", sha256(content).hexdigest())
    return ModelCard(folder / "m.json", LABELS, SIZE, SIZE, 0.0, 1.0, {}, about)


def golden(pictures: list[Gray], frame: Gray) -> Golden:
    rng = np.random.default_rng(0)
    answers = {
        name: Answers(
            rng.normal(size=(len(pictures), 3)).astype(np.float32),
            rng.random((2, 3)).astype(np.float32),
            exact,
        )
        for name, exact in (("m-int8.tflite", True), ("m-int8.onnx", False))
    }
    prepared = rng.integers(0, 256, (len(pictures), SIZE, SIZE), np.uint8)
    search = DetectionConfig(width=200, min_face=0.1, scale=1.3, neighbours=2, near_margin=0.5)
    boxes = (Box(0, 0, 5, 5), Box(3, 2, 4, 4))
    return Golden(tuple(pictures), prepared, frame, search, boxes, boxes[::-1], answers)


GOLDEN = golden([np.arange(12, dtype=np.uint8).reshape(3, 4)], np.full((9, 9), 200, np.uint8))

pictures = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)))


@settings(deadline=None, max_examples=40)
@given(crops=st.lists(pictures, min_size=1, max_size=4), frame=pictures)
def test_what_was_packed_is_read(
    tmp_path_factory: pytest.TempPathFactory, crops: list[Gray], frame: Gray
) -> None:
    packed = golden(crops, frame)
    packed = replace(packed, full=(Box(0, 0, 2, 2), Box(-1, -1, 5, 5)))
    read = read_golden(card(tmp_path_factory.getbasetemp(), pack(packed)))
    assert len(read.crops) == len(crops)
    assert all(map(np.array_equal, read.crops, crops))
    assert np.array_equal(read.prepared, packed.prepared)
    assert np.array_equal(read.frame, frame)
    assert (read.search, read.full, read.near) == (packed.search, packed.full, packed.near)
    assert list(read.answers) == list(packed.answers)
    for name, expected in packed.answers.items():
        told = read.answers[name]
        assert told.exact is expected.exact
        assert np.array_equal(told.logits, expected.logits)
        assert np.array_equal(told.probabilities, expected.probabilities)
        assert told.logits.dtype == told.probabilities.dtype == np.float32


def test_packing_twice_gives_the_same_bytes() -> None:
    assert pack(GOLDEN) == pack(GOLDEN)


def test_a_card_without_a_golden_file_is_told(tmp_path: Path) -> None:
    old = replace(card(tmp_path, b""), golden=None)
    with pytest.raises(ModelError, match=r"m\.json: names no golden file .*; run edge-convert"):
        read_golden(old)


def test_a_missing_golden_file_is_told(tmp_path: Path) -> None:
    named = card(tmp_path, b"")
    (tmp_path / "m-golden.npz").unlink()
    with pytest.raises(ModelError, match=r"m-golden\.npz: cannot be read \(No such file"):
        read_golden(named)


def test_another_golden_file_is_refused(tmp_path: Path) -> None:
    named = card(tmp_path, pack(GOLDEN))
    (tmp_path / "m-golden.npz").write_bytes(pack(replace(GOLDEN, near=GOLDEN.full)))
    with pytest.raises(ModelError, match=r"m-golden\.npz: sha256 differs from m\.json"):
        read_golden(named)


def saved(**values: Any) -> bytes:
    held = io.BytesIO()
    np.savez(held, **values)
    return held.getvalue()


def repacked(**values: Any) -> bytes:
    """`GOLDEN` with other arrays; None leaves one out."""
    with np.load(io.BytesIO(pack(GOLDEN))) as file:
        kept = {key: file[key] for key in file.files} | values
    return saved(**{key: value for key, value in kept.items() if value is not None})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"junk" * 99,
        pack(GOLDEN)[:300],
        pack(GOLDEN)[:-30],
        json.dumps({"format": 1}).encode(),
        saved(format=np.array("one")),
        repacked(format=None),
        repacked(logits=None),
        repacked(logits=np.array([["no", "numbers"]])),
        repacked(crops=np.zeros(3, np.uint8)),
        repacked(shapes=np.array([[3, 4, 1]])),
        repacked(full=np.zeros((2, 3), np.int32)),
        repacked(search=np.zeros(2)),
        repacked(exact=np.zeros(9, np.bool_)),
        repacked(frame=np.zeros((3, 3, 3), np.uint8)),
        repacked(frame=np.zeros((9, 9))),
        repacked(full=np.full((2, 4), 1.5)),
        repacked(logits=np.zeros((2, 1, 3), complex)),
        repacked(logits=np.full((2, 1, 3), np.nan, np.float32)),
        repacked(probabilities=np.full((2, 2, 3), np.inf, np.float32)),
        repacked(search=np.array([320, 0.14, 1.2, 1e15, 0.33])),
        repacked(search=np.array([320, 0.14, 1.0, 4, 0.33])),
        repacked(search=np.array([320, 0.14, np.nan, 4, 0.33])),
    ],
    ids=lambda content: f"{len(content)} bytes",
)
def test_what_is_no_golden_file_is_refused(tmp_path: Path, content: bytes) -> None:
    told = r"m-golden\.npz: is not a golden file \(\w+\); reinstall the model or run edge-convert"
    with pytest.raises(ModelError, match=told):
        read_golden(card(tmp_path, content))


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
            return (Path.touch, (tmp_path / "sprung",))  # type: ignore[return-value]

    with pytest.raises(ModelError, match="is not a golden file"):
        read_golden(card(tmp_path, repacked(files=np.array([Trap()], dtype=object))))
    assert not (tmp_path / "sprung").exists()


def test_what_would_fill_the_memory_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = repacked(more=np.zeros(5000, np.uint8))
    assert read_golden(card(tmp_path, content))
    monkeypatch.setattr("edge.golden.LARGEST", 5000)
    with pytest.raises(ModelError, match="is not a golden file"):
        read_golden(card(tmp_path, content))


def test_labels_that_changed_places_are_seen(tmp_path: Path) -> None:
    assert read_golden(card(tmp_path, pack(replace(GOLDEN, labels=LABELS)))).labels == LABELS
    swapped = card(tmp_path, pack(replace(GOLDEN, labels=LABELS[::-1])))
    with pytest.raises(ModelError, match=r"other labels or input size than m\.json tells"):
        read_golden(swapped)


def test_files_from_before_labels_were_kept_are_read(tmp_path: Path) -> None:
    assert read_golden(card(tmp_path, repacked(labels=None))).labels == ()


def test_another_format_says_which(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is a golden file of format 2, and this edge-run reads 1"):
        read_golden(card(tmp_path, repacked(format=2)))


@pytest.mark.parametrize(
    "changes",
    [
        {"prepared": np.zeros((1, SIZE + 1, SIZE + 1), np.uint8)},
        {"prepared": np.zeros((2, SIZE, SIZE), np.uint8)},
        {"logits": np.zeros((2, 1, 7), np.float32)},
        {"logits": np.zeros((2, 5, 3), np.float32)},
        {"probabilities": np.zeros((2, 3, 3), np.float32)},
        {"near": np.zeros((1, 4), np.int32)},
        {"full": np.full((2, 4), 99, np.int32)},
        {"crops": np.zeros(0, np.uint8), "shapes": np.array([[0, 4]])},
    ],
    ids=" ".join,
)
def test_a_golden_file_of_another_model_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=r"other labels or input size than m\.json tells"):
        read_golden(card(tmp_path, repacked(**changes)))
