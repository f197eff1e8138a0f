"""Which checks are made of a configuration."""

from __future__ import annotations

import pytest

from edge.alerts.sinks.command import CommandConfig
from edge.camera.config import CameraConfig
from edge.config import Config
from edge.health.config import HealthConfig
from edge.health.doctor import checks
from edge.health.examine import examine
from edge.health.machine import Instance

QUIET = HealthConfig(listen="")


@pytest.fixture
def findings(tmp_path, monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)

    def examined(**sections):
        config = Config(
            **{"camera": CameraConfig(source="demo:?pace=off"), "health": QUIET, **sections}
        )
        return {one.check: one for one in examine(checks(config, Instance("none", tmp_path)))}

    return examined


def test_all_of_it_is_looked_at(findings):
    found = findings(sinks={"a": CommandConfig(command=("sh",)), "b": CommandConfig()})
    assert found["sink a"].verdict == "ok"
    assert found["sink b"].verdict == "failed"
    for check in ("model", "camera", "health port", "python", "opencv", "outbox", "disk", "memory"):
        assert found[check].verdict == "ok", check
    for check in ("service", "card", "temperature", "power", "clock"):
        assert check in found
    assert "sinks" not in found


def test_without_sinks_nobody_is_told(findings):
    assert findings()["sinks"].verdict == "warning"


def test_a_camera_whose_address_is_a_credential(findings):
    found = findings(camera=CameraConfig(source="credential:door"))["camera"]
    assert (found.verdict, "sudo" in found.advice) == ("unknown", True)


def test_a_health_port_that_may_not_be(findings):
    found = findings(health=HealthConfig(listen="0.0.0.0:80"))["health port"]
    assert found.verdict == "failed"
    assert "health.public" in found.advice
