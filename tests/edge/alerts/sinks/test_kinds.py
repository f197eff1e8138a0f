"""The registry: all kinds are there, light, documented and honest about what they need."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from edge.alerts.sinks.base import SinkConfig
from edge.alerts.sinks.kinds import KINDS, Kind

ROOT = Path(__file__).parents[4]
USABLE = {
    "webhook": {"url": "http://127.0.0.1:9/"},
    "command": {"command": ("true",)},
    "jsonl": {"path": "alerts.jsonl"},
    "apprise": {"urls": ("json://127.0.0.1",)},
}

CHILD = """
import sys
before = set(sys.modules)
from edge.alerts.sinks.kinds import KINDS
for name in ("http.client", "ssl", "hmac", "subprocess", "sqlite3", "urllib.request"):
    if name in sys.modules and name not in before:
        print("loaded by the registry:", name)
usable = eval(sys.argv[1])
for name, kind in KINDS.items():
    kind.make(name, kind.config(type=name, **usable.get(name, {})), "desk").close()
    kind.missing()
for name in ("apprise", "gpiozero", "paho", "requests", "yaml", "cv2", "numpy"):
    if name in sys.modules:
        print("loaded by a sink:", name)
"""


def test_all_kinds() -> None:
    assert set(KINDS) == {"webhook", "mqtt", "gpio", "command", "jsonl", "apprise"}


@pytest.mark.parametrize("name", KINDS)
def test_every_key_is_documented_and_has_its_type(name: str) -> None:
    config = KINDS[name].config
    assert issubclass(config, SinkConfig)
    documented = (config.__doc__ or "") + (SinkConfig.__doc__ or "")
    for key in fields(config):
        assert f" {key.name}:" in documented or f" {key.name}," in documented, key.name


@pytest.mark.parametrize("name", KINDS)
def test_bounds_and_choices_are_of_keys_that_exist(name: str) -> None:
    config = KINDS[name].config
    module = sys.modules[config.__module__]
    defaults = config(type=name)
    for key, (low, high) in getattr(module, "BOUNDS", {}).items():
        assert low <= getattr(defaults, key) <= high
    for key, choices in getattr(module, "CHOICES", {}).items():
        assert getattr(defaults, key) in choices


def test_nothing_heavy_is_loaded_for_what_is_not_used() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHILD, repr(USABLE)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


def test_what_is_missing_is_said() -> None:
    kind = Kind(SinkConfig, KINDS["jsonl"].make, "no_such_library", "pip install it")
    assert kind.missing() == "no_such_library is not installed; run pip install it"
    assert KINDS["jsonl"].missing() == ""
    assert Kind(SinkConfig, KINDS["jsonl"].make, "json").missing() == ""
