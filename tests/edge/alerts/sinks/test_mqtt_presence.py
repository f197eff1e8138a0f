"""What is published when, against a connection that only writes it down."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.notification import Notification
from edge.alerts.sinks.mqtt import MqttConfig
from edge.alerts.sinks.mqtt_presence import Presence
from edge.alerts.sinks.mqtt_session import Message, Session
from edge.alerts.sinks.mqtt_topics import Topics

Make = Callable[..., Notification]
DESK = Topics("edge-run", "desk")
DISCOVERY = "homeassistant/device/edge-run_desk/config"
SWITCH = "edge-run/desk/alert/anger"


@dataclass
class Written:
    """The part of a session that a presence uses."""

    said: list[tuple[str, str]] = field(default_factory=list)
    subscribed: tuple[str, ...] = ()

    def subscribe(self, *topics: str) -> None:
        self.subscribed = topics

    def announce(self, topic: str, payload: str) -> None:
        self.said.append((topic, payload))

    def tell(self, topic: str, payload: str) -> None:
        self.said.append((topic, payload))


def session(written: Written) -> Session:
    return cast(Session, written)


def greeted(**changes: object) -> tuple[Presence, Written]:
    presence = Presence(MqttConfig(**changes), "desk", DESK)  # type: ignore[arg-type]
    written = Written()
    presence.report({"firing": 0, "alerts.anger": 0})
    presence.greet(session(written))
    return presence, written


def test_a_greeting_tells_everything_in_order() -> None:
    _, written = greeted()
    assert [topic for topic, _ in written.said] == [
        "edge-run/desk/availability",
        DISCOVERY,
        SWITCH,
        "edge-run/desk/state",
    ]
    assert written.subscribed == ("edge-run/desk/alert/+", "homeassistant/status")


def test_without_discovery_nobody_listens_for_home_assistant() -> None:
    _, written = greeted(discovery=False)
    assert written.subscribed == ("edge-run/desk/alert/+",)
    assert DISCOVERY not in dict(written.said)


def test_before_a_connection_nothing_is_lost(notification: Make) -> None:
    presence = Presence(MqttConfig(), "desk", DESK)
    presence.accepted(notification())
    presence.report({"firing": 1})
    written = Written()
    presence.greet(session(written))
    assert dict(written.said)[SWITCH] == "ON"
    assert json.loads(dict(written.said)["edge-run/desk/state"]) == {"firing": 1}


def test_a_switch_without_its_resolve_is_lowered_in_the_end(notification: Make) -> None:
    presence, written = greeted()
    presence.accepted(notification())
    for _ in range(2):
        presence.report({"firing": 0, "blind": True})
    turns = [payload for topic, payload in written.said if topic == SWITCH]
    assert turns == ["OFF", "ON", "ON", "OFF"]


@given(
    st.sampled_from(["homeassistant/status", SWITCH, "edge-run/desk/alert/"]) | st.text(),
    st.binary(),
    st.booleans(),
)
def test_whatever_comes_in_is_survived(topic: str, payload: bytes, retained: bool) -> None:
    presence, written = greeted()
    before = list(written.said)
    presence.hear(session(written), Message(topic, payload, retained))
    if payload not in {b"online", b"ON"}:
        assert written.said == before


def test_a_birth_that_the_broker_had_kept_is_no_birth() -> None:
    presence, written = greeted()
    before = list(written.said)
    presence.hear(session(written), Message("homeassistant/status", b"online", True))
    assert written.said == before
    presence.hear(session(written), Message("homeassistant/status", b"online", False))
    assert DISCOVERY in dict(written.said[len(before) :])


def test_what_is_raised_stays_raised(notification: Make) -> None:
    presence, written = greeted()
    presence.accepted(notification())
    before = len(written.said)
    presence.hear(session(written), Message(SWITCH, b"ON", True))
    assert written.said[before:] == []
    presence.accepted(notification(kind="resolved"))
    presence.hear(session(written), Message(SWITCH, b"ON", True))
    assert written.said[-1] == (SWITCH, "OFF")
