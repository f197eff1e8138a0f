"""When a conversion fine-tunes with quantisation in the loop, and what it says of it."""

from __future__ import annotations

import keras
import pytest

from convert.convert import convert
from convert.formats import parse_formats
from convert.plan import Plan
from convert.verify import AccuracyError

FORMATS = parse_formats("float32.tflite,int8.tflite")


@pytest.fixture
def tuned(model, monkeypatch):
    """Fine-tuning that returns the model as it is, at once; what it was called with."""
    asked: list[tuple[keras.Model, float]] = []

    def fine_tune(given, splits, minutes, say):
        assert {"Training", "PublicTest"} <= splits.keys()
        say("epoch 1")
        asked.append((given, minutes))
        return model

    monkeypatch.setattr("convert.convert.fine_tune", fine_tune)
    return asked


@pytest.fixture
def run(model, splits, tmp_path):
    lines: list[str] = []

    def go(aware: str, max_drop: float):
        plan = Plan(FORMATS, max_drop=max_drop, aware=aware, aware_minutes=7)
        card = convert(model, splits, tmp_path / "out", "m", {}, plan=plan, say=lines.append)
        return card, lines

    return go


def test_never_refuses(run, tuned, tmp_path):
    with pytest.raises(AccuracyError, match="points of accuracy lost"):
        run("never", -1.0)
    assert tuned == []
    assert not (tmp_path / "out").exists()


def test_auto_leaves_a_sound_model_alone(run, tuned):
    card, _ = run("auto", 0.05)
    assert tuned == []
    assert "aware" not in card


def test_always_fine_tunes_a_sound_one(run, tuned, model):
    card, lines = run("always", 0.05)
    assert tuned == [(model, 7)]
    assert card["aware"] == {"why": "asked for", "minutes": 7}
    assert "epoch 1" in lines


def test_auto_fine_tunes_once_and_then_refuses(run, tuned, tmp_path):
    with pytest.raises(AccuracyError, match="points of accuracy lost"):
        run("auto", -1.0)
    assert len(tuned) == 1
    assert not (tmp_path / "out").exists()


def test_auto_converts_what_fine_tuning_made(run, tuned, monkeypatch):
    """The first int8 file is too far off, the one after fine-tuning is not."""
    from convert.verify import verify

    def strict_at_first(model, reference, max_drop, kept):
        if not tuned and model.path.name.startswith("m-int8"):
            raise AccuracyError("m-int8.tflite: 3.00 points of accuracy lost; do this or that")
        return verify(model, reference, max_drop, kept)

    monkeypatch.setattr("convert.attempt.verify", strict_at_first)
    card, lines = run("auto", 0.05)
    assert len(tuned) == 1
    assert card["aware"]["why"] == "m-int8.tflite: 3.00 points of accuracy lost"
    said = " ".join(lines)
    assert said.index("3.00 points") < said.index("fine-tuning with") < said.index("epoch 1")
