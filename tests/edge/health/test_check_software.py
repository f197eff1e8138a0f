"""What the doctor thinks of OpenCV, model and interpreters."""

from __future__ import annotations

import sys
from dataclasses import replace

import cv2
import pytest

from edge.alerts.rule import RuleConfig
from edge.config import Config, ModelConfig
from edge.errors import ModelError
from edge.health.check_software import is_installed, model, opencv, python


def verdicts(findings) -> dict[str, str]:
    return {one.check: str(one.verdict) for one in findings}


def test_what_is_installed_here_is_good():
    assert verdicts(python()) == {"python": "ok"}
    assert verdicts(opencv()) == {"opencv": "ok"}
    found = list(model(Config()))
    assert verdicts(found) == {"model": "ok", "interpreter": "ok", "rules": "ok"}
    assert "--self-test" in found[0].told
    assert "litert runs it" in found[1].told


def test_opencv_5_has_no_cascade(monkeypatch):
    monkeypatch.setattr(cv2, "__version__", "5.0.0")
    (found,) = opencv()
    assert found.verdict == "failed"
    assert "<5" in found.advice


def test_an_opencv_that_cannot_be_loaded(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    (found,) = opencv()
    assert found.verdict == "failed"
    assert "pip install" in found.advice


def test_a_cascade_that_is_missing(monkeypatch):
    def missing() -> None:
        raise ModelError("none.xml: the face cascade is missing; reinstall edge-emotion")

    monkeypatch.setattr("edge.vision.detect.Detector", missing)
    (found,) = opencv()
    assert (found.verdict, found.advice) == ("failed", "reinstall edge-emotion")


def test_a_model_that_was_changed(golden_card):
    card = golden_card()
    (card.parent / "emotion-int8.tflite").write_bytes(b"other")
    (found,) = model(Config(model=ModelConfig(path=str(card))))
    assert found.verdict == "failed"
    assert "sha256 differs" in found.told
    assert "reinstall" in found.advice


@pytest.mark.parametrize("path", ["none.tflite", "none.json"])
def test_a_model_that_is_missing(path):
    (found,) = model(Config(model=ModelConfig(path=path)))
    assert found.verdict == "failed"
    assert found.advice


def test_rules():
    assert verdicts(model(Config(rules={})))["rules"] == "warning"
    odd = replace(RuleConfig(), emotion="negative")
    found = {one.check: one for one in model(Config(rules={"x": odd}))}
    assert found["rules"].verdict == "failed"
    assert found["rules"].advice


def test_a_module_is_found_without_being_loaded():
    assert is_installed("prometheus_client")
    assert not is_installed("no_such_module.inner")
