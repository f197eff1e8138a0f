"""Alerts and the device's state to an MQTT broker, in the form that Home Assistant discovers.

Light to import: what sends is loaded when a sink is made, paho when it first connects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.alerts.sinks.mqtt_config import BOUNDS, MqttConfig, check

if TYPE_CHECKING:
    from edge.alerts.sinks.mqtt_sink import MqttSink

__all__ = ["BOUNDS", "MqttConfig", "make"]


def make(name: str, config: MqttConfig, device: str) -> MqttSink:
    """The sink, not yet connected.

    Raises:
        ConfigError: what is configured can never work.
    """
    from edge.alerts.sinks.mqtt_sink import MqttSink

    check(name, config)
    return MqttSink(name, config, device)
