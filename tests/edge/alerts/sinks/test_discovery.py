"""The discovery message against the rules that Home Assistant's documentation gives for it."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.sandbox import ImmutableSandboxedEnvironment

from edge.alerts.notification import Notification
from edge.alerts.sinks.discovery import device_payload
from edge.alerts.sinks.mqtt_topics import Topics, slug

DESK = Topics("edge-run", "desk")
EVERY = {"p", "name", "unique_id", "icon", "state_topic", "value_template", "qos"}
DIAGNOSTIC = {"entity_category", "device_class", "expire_after"}
KEYS = {
    "event": EVERY | {"event_types", "device_class"},
    "binary_sensor": EVERY | DIAGNOSTIC,
    "sensor": EVERY
    | DIAGNOSTIC
    | {"unit_of_measurement", "state_class", "suggested_display_precision"},
}
UNITS = {"duration": "s", "temperature": "°C"}
REPORT = {
    "camera_state": "ok",
    "fps": 9.8,
    "frame_age": 0.1,
    "outbox_pending": 0,
    "temperature": 51.5,
    "uptime": 86400.0,
    "blind": False,
    "under_voltage": True,
    "throttled": None,
}


def payload(rules: tuple[str, ...] = ("anger",), expire_after: int = 180) -> dict[str, Any]:
    return device_payload("desk", DESK, rules, expire_after)


def render(template: str, value: object) -> str:
    """As Home Assistant does: a sandbox, and a result of None is the word."""
    environment = ImmutableSandboxedEnvironment()
    return environment.from_string(template).render(value_json=value)


@given(st.text(), st.lists(st.text(), unique=True, max_size=4))
def test_it_is_what_the_documentation_asks_for(name: str, rules: list[str]) -> None:
    topics = Topics("edge-run", slug(name))
    made = json.loads(json.dumps(device_payload(name, topics, rules, 180)))
    assert made["dev"]["ids"]
    assert set(made["o"]) == {"name", "sw"}
    assert made["availability_topic"] == topics.availability
    assert made["state_topic"] == topics.state
    ids = [component["unique_id"] for component in made["cmps"].values()]
    assert len(set(ids)) == len(ids)
    for key, component in made["cmps"].items():
        assert re.fullmatch(r"[a-zA-Z0-9_-]+", key)
        assert set(component) <= KEYS[component["p"]]
        assert {"p", "unique_id", "name"} <= set(component)


def test_each_rule_has_its_own_switch() -> None:
    alerts = {
        key: about
        for key, about in payload(("anger", "camera"))["cmps"].items()
        if key.startswith("alert_")
    }
    assert {about["state_topic"] for about in alerts.values()} == {
        "edge-run/desk/alert/anger",
        "edge-run/desk/alert/camera",
    }
    assert all(about["p"] == "binary_sensor" for about in alerts.values())


def test_a_frozen_device_becomes_unavailable() -> None:
    for component in payload(expire_after=90)["cmps"].values():
        assert component.get("expire_after") == (None if component["p"] == "event" else 90)
    assert "expire_after" not in json.dumps(payload(expire_after=0))


def test_a_unit_goes_with_its_class() -> None:
    for component in payload()["cmps"].values():
        if component["p"] == "sensor" and (kind := component.get("device_class")):
            assert component["unit_of_measurement"] == UNITS[kind]


@pytest.mark.parametrize("kind", ["firing", "resolved", "test"])
def test_the_event_has_a_type_that_was_promised(kind: str) -> None:
    event = payload()["cmps"]["event"]
    told = Notification("1", "1", kind, "visitor", "desk", "a <b> 'c'", "now", "ä", {"score": 0.9})  # type: ignore[arg-type]
    rendered = json.loads(render(event["value_template"], json.loads(told.as_json())))
    assert rendered.pop("event_type") in event["event_types"]
    assert rendered == json.loads(told.as_json())


EXPECTED = {
    "camera_state": "ok",
    "fps": "9.8",
    "blind": "OFF",
    "under_voltage": "ON",
    "throttled": "None",
}


@pytest.mark.parametrize("key", REPORT)
def test_each_diagnostic_reads_its_key(key: str) -> None:
    component = payload()["cmps"][key]
    assert component["entity_category"] == "diagnostic"
    expected = EXPECTED.get(key, str(REPORT[key]))
    assert render(component["value_template"], REPORT) == expected
    assert render(component["value_template"], {**REPORT, key: None}) == "None"
    assert render(component["value_template"], {}) == "None"


def test_every_diagnostic_is_tried_above() -> None:
    components = payload()["cmps"]
    assert {key for key in components if "entity_category" in components[key]} == set(REPORT)
