import sys
from dataclasses import fields
from typing import Any, get_type_hints

import pytest

from edge.alerts.rule import RuleConfig
from edge.alerts.sinks.kinds import KINDS
from edge.config import BOUNDS, CHOICES, Config
from edge.config.checking import TEXTS
from edge.config.limits import bounds_of, choices_of, number
from edge.config.sections import NAMED

TABLES: dict[str, Any] = {k: v for k, v in get_type_hints(Config).items() if k not in NAMED}
TABLES |= {"rules.*": RuleConfig}
TABLES |= {f"sinks.{name}": kind.config for name, kind in KINDS.items()}


@pytest.mark.parametrize("name", TABLES)
def test_every_number_has_bounds_and_every_default_lies_in_them(name: str) -> None:
    kind = TABLES[name]
    made = kind(type=name.partition(".")[2]) if name.startswith("sinks") else kind()
    for key, hint in get_type_hints(kind).items():
        value = getattr(made, key)
        if hint in (int, float):
            low, high = bounds_of(kind)[key]
            assert low <= value <= high, key
        if allowed := choices_of(kind).get(key):
            assert set(value if hint == TEXTS else [value]) <= set(allowed), key


def test_no_limit_is_for_a_key_that_is_not_there() -> None:
    """A misspelt one would hold nothing."""
    known: dict[str, set[str]] = {}
    for kind in TABLES.values():
        for ancestor in kind.__mro__[:-1]:
            known.setdefault(ancestor.__module__, set()).update(key.name for key in fields(kind))
    for module, keys in known.items():
        for constant in ("BOUNDS", "CHOICES"):
            limits = getattr(sys.modules[module], constant, {})
            assert {key.partition(".")[0] for key in limits} <= keys, module


def test_limits_by_dotted_key() -> None:
    assert BOUNDS["camera.width"] == (64, 8192)
    assert BOUNDS["rules.*.weights.*"] == (0, 1)
    assert BOUNDS["service.give_up"] == BOUNDS["service.give_up"] == (1, 100)
    assert "model.give_up" not in BOUNDS
    assert CHOICES["model.runtime"] == ("", "litert", "tflite", "onnx")


def test_a_type_of_sink_has_the_limits_of_all_sinks_and_its_own() -> None:
    webhook = bounds_of(KINDS["webhook"].config)
    assert webhook["cooldown"] == (0, 86400)
    assert webhook["timeout"] == (0.1, 60)
    assert choices_of(KINDS["gpio"].config)["purposes"] == ("visitor", "operator")


@pytest.mark.parametrize(
    ("value", "text"),
    [(2592000, "2592000"), (0.01, "0.01"), (1.0, "1"), (1_000_000_000, "1000000000")],
)
def test_a_bound_is_written_out(value: float, text: str) -> None:
    assert number(value) == text
