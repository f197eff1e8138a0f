"""Model files in processes of their own, with interpreters that work and that do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.latency.files import measure_files
from benchmarks.latency.one_file import one_file, visitor_face
from benchmarks.latency.plan import Plan
from edge.vision.card import DEFAULT_CARD, ModelCard, read_card
from edge.vision.expression import ExpressionModel

PLAN = Plan(processes=2, calls=20, seconds=0.0, drawn=1, frames=1, sustained=0.0)
INT8 = read_card(DEFAULT_CARD).pick("tflite")


def card_of(name: str) -> ModelCard:
    """The shipped card, as if it named this one file."""
    card = read_card(DEFAULT_CARD)
    return ModelCard(**{**vars(card), "files": {name: card.files[name]}})


def test_each_number_of_threads_is_a_row_of_its_own() -> None:
    told = measure_files(card_of(INT8.name), (1, 2), PLAN)
    rows = [row for row in told["rows"] if row["runtime"] == "litert"]
    assert [row["threads"] for row in rows] == [1, 2]
    assert [(row["processes"], row["calls"]) for row in rows] == [(2, 40), (2, 40)]


def test_the_first_call_is_timed_apart_from_the_later_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[Any] = []
    predict = ExpressionModel.predict

    def counting(model: ExpressionModel, faces: Any) -> Any:
        read.append(faces)
        return predict(model, faces)

    monkeypatch.setattr(ExpressionModel, "predict", counting)
    told = one_file(INT8, "litert", threads=1, calls=20, seconds=9.0)
    assert len(told["spent"]) == 20
    assert len(read) == 1 + 10 + 20  # first, warming up, timed
    assert all(len(faces) == 1 and faces[0].shape == (160, 160) for faces in read)


def test_time_ends_the_calls_but_some_are_always_made() -> None:
    assert len(one_file(INT8, "litert", 1, calls=5000, seconds=0.0)["spent"]) == 20


def test_a_runtime_that_cannot_read_the_file_is_not_tried() -> None:
    told = measure_files(card_of(INT8.name), (1,), PLAN)
    assert "onnx" not in {row["runtime"] for row in told["rows"]}
    assert not [line for line in told["skipped"] if "onnx" in line]


def test_the_face_is_one_that_the_model_reads_as_calm() -> None:
    from edge.vision.expression import load_model

    model = load_model()
    assert model.labels[model.predict([visitor_face()])[0].argmax()] == "neutral"


BROKEN = {
    "its own words": ("raise ImportError('numpy 2 is too new')", "ImportError: numpy 2 is too new"),
    "a crash": ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "ended by SIGILL"),
    "nothing": ("import sys; sys.exit(3)", "no reason told"),
}


@pytest.mark.parametrize(("code", "told"), BROKEN.values(), ids=BROKEN)
def test_an_interpreter_that_does_not_work_is_left_out_with_its_reason(
    code: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "tflite_runtime"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "interpreter.py").write_text(code + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(__file__).parents[2]}")
    found = measure_files(card_of(INT8.name), (1,), PLAN)
    assert [row["runtime"] for row in found["rows"]] == ["litert"]
    (line,) = found["skipped"]
    assert line.startswith(f"{INT8.name} in tflite: ")
    assert line.endswith(told)


def test_an_interpreter_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.latency.files.find_spec", lambda _name: None)
    found = measure_files(read_card(DEFAULT_CARD), (1,), PLAN)
    assert found["rows"] == []
    assert [line.partition(":")[0] for line in found["skipped"]] == ["onnx", "litert", "tflite"]
