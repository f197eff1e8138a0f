"""What a broker and Home Assistant know of the device beside its alerts' events."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping

from edge.alerts.notification import Notification, Purpose
from edge.alerts.sinks.alert_states import AlertStates
from edge.alerts.sinks.discovery import OFF, OFFLINE, ON, ONLINE, device_payload
from edge.alerts.sinks.mqtt_config import MqttConfig
from edge.alerts.sinks.mqtt_session import Message, Session
from edge.alerts.sinks.mqtt_topics import Topics

RULE = "alerts."  # begins the keys of a report that count the alerts of a rule


class Presence:
    """Availability, discovery, a switch for each rule, and the newest report.

    Args:
        device: Name of the service, for people.
    """

    def __init__(self, config: MqttConfig, device: str, topics: Topics) -> None:
        self._config, self._device, self._topics = config, device, topics
        self._birth = f"{config.discovery_prefix}/status"
        self._states = AlertStates()
        self._report = ""
        self._session: Session | None = None
        # held from reading a state until paho has it, so that an older one never comes later
        self._lock = threading.Lock()

    @property
    def will(self) -> tuple[str, str]:
        """Topic and payload that the broker publishes when the connection breaks."""
        return self._topics.availability, OFFLINE

    def greet(self, session: Session) -> None:
        """Tell a new connection everything."""
        subscribed = (self._topics.alerts, self._birth)
        session.subscribe(*subscribed[: 1 + self._config.discovery])
        with self._lock:
            self._session = session
            session.announce(self._topics.availability, ONLINE)
            self._describe(session)

    def hear(self, session: Session, message: Message) -> None:
        """Home Assistant has started; or an alert is kept that an earlier process had raised."""
        with self._lock:
            if message.topic == self._birth:
                if message.payload == b"online" and not message.retained:
                    self._describe(session)
            elif message.retained and message.payload == ON.encode():
                raised = [rule for rule in self._states.rules if self._states.is_raised(rule)]
                if message.topic not in map(self._topics.alert, raised):
                    session.announce(message.topic, OFF)

    def accepted(self, notification: Notification) -> None:
        """Turn the switch of the rule whose notification was accepted; no test does."""
        with self._lock:
            new = self._states.accept(notification)
            if self._session and notification.kind != "test":
                if new:
                    self._discover(self._session)
                self._turn(self._session, notification.rule)

    def report(self, status: Mapping[str, float | int | str | bool | None]) -> None:
        """Take the newest report and pass it on; without a connection the next one is told."""
        rules = [key.removeprefix(RULE) for key in status if key.startswith(RULE)]
        with self._lock:
            self._states.report(_quiet(status))
            self._report = json.dumps(dict(status))
            new = self._states.know(rules)
            if session := self._session:
                if new:
                    self._discover(session)
                for rule in self._states.rules:  # unchanged ones too: they expire otherwise
                    self._turn(session, rule)
                session.tell(self._topics.state, self._report)

    def farewell(self, session: Session) -> tuple[int, str]:
        """Say that the device is going; what to `wait` for."""
        return session.post(*self.will, retain=True), self._topics.availability

    def _describe(self, session: Session) -> None:
        self._discover(session)
        for rule in self._states.rules:
            self._turn(session, rule)
        if self._report:
            session.tell(self._topics.state, self._report)

    def _discover(self, session: Session) -> None:
        config = self._config
        if config.discovery:
            rules = self._states.rules
            payload = device_payload(self._device, self._topics, rules, config.expire_after)
            session.announce(self._topics.discovery(config.discovery_prefix), json.dumps(payload))

    def _turn(self, session: Session, rule: str) -> None:
        session.announce(self._topics.alert(rule), ON if self._states.is_raised(rule) else OFF)


def _quiet(status: Mapping[str, float | int | str | bool | None]) -> list[Purpose]:
    quiet: list[Purpose] = []
    if status.get("firing") == 0:
        quiet.append("visitor")
    if status.get("blind") is False:
        quiet.append("operator")
    return quiet
