"""What Home Assistant is told of a device: one message that describes all of its entities.

https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from edge import __version__
from edge.alerts.sinks.mqtt_topics import Topics, slug

ONLINE, OFFLINE = "online", "offline"
ON, OFF = "ON", "OFF"

# By key of the report. A value that a device does not have is null there, which Home Assistant
# shows as 'unknown'; a key that is missing altogether must not become an error in its log.
_SENSORS: Mapping[str, Mapping[str, Any]] = {
    "camera_state": {"name": "Camera", "icon": "mdi:cctv"},
    "fps": {
        "name": "Frames a second",
        "unit_of_measurement": "fps",
        "state_class": "measurement",
        "suggested_display_precision": 1,
        "icon": "mdi:filmstrip",
    },
    "frame_age": {
        "name": "Age of the last frame",
        "device_class": "duration",
        "unit_of_measurement": "s",
        "state_class": "measurement",
        "suggested_display_precision": 1,
    },
    "outbox_pending": {
        "name": "Alerts waiting",
        "state_class": "measurement",
        "icon": "mdi:tray-full",
    },
    "temperature": {
        "name": "Processor temperature",
        "device_class": "temperature",
        "unit_of_measurement": "°C",
        "state_class": "measurement",
        "suggested_display_precision": 0,
    },
    "uptime": {"name": "Uptime", "device_class": "duration", "unit_of_measurement": "s"},
}
_BINARY_SENSORS: Mapping[str, Mapping[str, Any]] = {
    "blind": {"name": "Cannot see", "device_class": "problem"},
    "under_voltage": {"name": "Under-voltage", "device_class": "problem"},
    "throttled": {"name": "Throttled", "device_class": "problem"},
}
# `event_type` is what Home Assistant asks for; the rest become attributes of the event.
_EVENT = "{{ dict(value_json, event_type=value_json.kind) | tojson }}"


def device_payload(
    name: str, topics: Topics, rules: Iterable[str], expire_after: int
) -> dict[str, Any]:
    """The message for `Topics.discovery`.

    Args:
        name: The device's, for people.
        rules: Those that have a binary sensor each.
        expire_after: Seconds without news until an entity is unavailable; 0 never.
    """
    expiry = {"expire_after": expire_after} if expire_after else {}
    components = {"event": _event(topics)}
    components |= {f"alert_{slug(rule)}": _alert(rule, topics) | expiry for rule in rules}
    components |= {
        key: _diagnostic("sensor", f"{{{{ value_json.{key} | default(none) }}}}", about) | expiry
        for key, about in _SENSORS.items()
    }
    components |= {
        key: _diagnostic("binary_sensor", _truth(key), about) | expiry
        for key, about in _BINARY_SENSORS.items()
    }
    return {
        "dev": {
            "ids": [f"edge-run_{topics.id}"],
            "name": name,
            "mf": "edge-emotion",
            "mdl": "edge-run",
            "sw": __version__,
        },
        "o": {"name": "edge-run", "sw": __version__},
        "availability_topic": topics.availability,
        "state_topic": topics.state,
        "cmps": {
            key: {**about, "unique_id": f"edge-run_{topics.id}_{key}"}
            for key, about in components.items()
        },
    }


def _event(topics: Topics) -> dict[str, Any]:
    return {
        "p": "event",
        "name": "Alert",
        "event_types": ["firing", "resolved", "test"],
        "state_topic": topics.event,
        "value_template": _EVENT,
        "qos": 1,
        "icon": "mdi:account-alert",
    }


def _alert(rule: str, topics: Topics) -> dict[str, Any]:
    return {
        "p": "binary_sensor",
        "name": f"Alert {rule}",
        "device_class": "problem",
        "state_topic": topics.alert(rule),
        "qos": 1,
    }


def _diagnostic(platform: str, template: str, about: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "p": platform,
        **about,
        "value_template": template,
        "entity_category": "diagnostic",
    }


def _truth(key: str) -> str:
    value = f"value_json.{key} | default(none)"
    return f"{{{{ {{true: '{ON}', false: '{OFF}'}}.get({value}) }}}}"
