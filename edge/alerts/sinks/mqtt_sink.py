"""The MQTT sink: notifications as events, confirmed by the broker one by one."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import suppress

from edge.alerts.notification import Notification
from edge.alerts.sinks.base import SendError
from edge.alerts.sinks.mqtt_config import MqttConfig
from edge.alerts.sinks.mqtt_link import Link
from edge.alerts.sinks.mqtt_presence import Presence
from edge.alerts.sinks.mqtt_topics import Topics, slug
from edge.backoff import Backoff

log = logging.getLogger(__name__)

FAREWELL = 2.0  # seconds that closing may take


class MqttSink:
    """Publishes to a broker; see `edge.alerts.sinks.mqtt.make`.

    Only a sink that is given reports is the device's service: it has the last will, availability,
    discovery and the rules' switches. One that only sends, as `edge-run alerts test` does, leaves
    those of the running service alone.

    Args:
        device: Name of the service; its slug is in each topic.
        backoff: Between attempts to connect while nothing is to be sent.
    """

    def __init__(
        self, name: str, config: MqttConfig, device: str, backoff: Backoff | None = None
    ) -> None:
        self.name = name
        self._timeout = config.timeout
        self._topics = Topics(config.topic, slug(device))
        self._presence = Presence(config, device, self._topics)
        self._link = Link(
            name,
            config,
            config.client_id or f"edge-run-{self._topics.id}-{slug(name)}",
            self._presence,
            backoff or Backoff(),
        )
        self._heard = True

    def reach(self) -> None:
        """Connect, if there is no connection.

        Raises:
            SendError: there is none; nothing was sent.
        """
        self._link.connected(self._timeout)

    def send(self, notification: Notification) -> None:
        """Publish it and wait until the broker has it.

        Raises:
            SendError: `certain` if there is no connection or the broker refuses it; not `certain`
                if it was sent and not confirmed in time.
        """
        deadline = time.monotonic() + self._timeout
        session = self._link.connected(self._timeout)
        number = session.post(self._topics.event, notification.as_json())
        heard = session.wait(number, self._topics.event, deadline - time.monotonic())
        self._presence.accepted(notification)
        if self._heard and not heard:
            log.warning(
                "sink %s: the broker took an alert, but nobody listens to %s; is Home Assistant "
                "running?",
                self.name,
                self._topics.event,
            )
        self._heard = heard

    def report(self, status: Mapping[str, float | int | str | bool | None]) -> None:
        """Publish how the device is, if there is a connection; makes this the service's sink.

        Args:
            status: Of its keys Home Assistant shows those in `edge.alerts.sinks.discovery`.
                `firing`, the number of visitors' alerts raised now, and `blind` lower switches
                whose resolve was never delivered. `alerts.RULE` counts the alerts of each rule
                that there is, so that each has its switch before its first alert.
        """
        self._presence.report(status)
        self._link.serve()

    def close(self) -> None:
        """Say that the device is offline and disconnect, within two seconds."""
        deadline = time.monotonic() + FAREWELL
        session = self._link.session
        if session and session.will:
            with suppress(SendError):  # the broker then says it, by the last will
                number, topic = self._presence.farewell(session)
                session.wait(number, topic, FAREWELL / 2)
        self._link.close(max(0.0, deadline - time.monotonic()))
