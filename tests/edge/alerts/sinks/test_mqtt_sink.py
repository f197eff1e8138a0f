"""The sink with a real mosquitto, and what somebody sees who listens to it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Timer

import pytest

from benchmarks.faults.mosquitto import PROGRAM, Mosquitto
from benchmarks.faults.subscriber import DEADLINE, Subscriber
from edge.alerts.notification import Notification
from edge.alerts.sinks.base import Reporter, SendError, Sink
from edge.alerts.sinks.mqtt import MqttConfig
from edge.alerts.sinks.mqtt_presence import Presence
from edge.alerts.sinks.mqtt_session import Session
from edge.alerts.sinks.mqtt_sink import MqttSink
from edge.backoff import Backoff

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")

Make = Callable[..., Notification]
Sinks = Callable[..., MqttSink]
EVENT = "edge-run/desk/event"
SWITCH = "edge-run/desk/alert/anger"
AVAILABILITY = "edge-run/desk/availability"
DISCOVERY = "homeassistant/device/edge-run_desk/config"
CALM = {"firing": 0, "blind": False, "fps": 9.8, "alerts.anger": 0}
BUSY = {**CALM, "firing": 1}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path) as running:
        yield running


@pytest.fixture
def listener(broker: Mosquitto) -> Iterator[Subscriber]:
    with Subscriber(broker.port) as attached:
        yield attached


@pytest.fixture
def sinks(broker: Mosquitto) -> Iterator[Sinks]:
    made: list[MqttSink] = []

    def sink(device: str = "desk", **changes: object) -> MqttSink:
        values: dict[str, object] = {"host": "127.0.0.1", "port": broker.port, "timeout": 20.0}
        config = MqttConfig(**{**values, **changes})  # type: ignore[arg-type]
        made.append(MqttSink("home", config, device, Backoff(first=0.01, most=0.05)))
        return made[-1]

    yield sink
    for one in made:
        one.close()


def ids(listener: Subscriber, topic: str = EVENT) -> list[str]:
    return [json.loads(one.payload)["id"] for one in listener.on(topic)]


def payloads(listener: Subscriber, topic: str) -> list[str]:
    return [one.payload for one in listener.on(topic)]


def settled(listener: Subscriber) -> None:
    """Wait until the broker has passed on all that it was given before this."""
    mark = f"mark-{len(listener.seen)}"
    listener.publish("mark", mark.encode())
    listener.until(lambda: mark in payloads(listener, "mark"))


def at_work(sink: MqttSink, listener: Subscriber) -> MqttSink:
    """The sink as the service's, connected and greeted."""
    sink.report(CALM)
    listener.until(lambda: listener.on("edge-run/desk/state"))
    return sink


def test_it_is_a_sink_that_reports(sinks: Sinks) -> None:
    sink: Sink = sinks()
    assert isinstance(sink, Reporter)
    assert sink.name == "home"


def test_an_alert_arrives_as_it_was_told(
    sinks: Sinks, listener: Subscriber, notification: Make
) -> None:
    told = notification()
    sinks().send(told)
    listener.until(lambda: listener.on(EVENT))
    (seen,) = listener.on(EVENT)
    assert Notification.from_json(seen.payload) == told
    assert (seen.qos, seen.retained) == (1, False)


def test_nothing_but_states_is_kept_by_the_broker(
    sinks: Sinks, listener: Subscriber, broker: Mosquitto, notification: Make
) -> None:
    sink = at_work(sinks(), listener)
    sink.send(notification())
    sink.report(BUSY)
    listener.until(lambda: payloads(listener, SWITCH)[-2:] == ["ON", "ON"])
    with Subscriber(broker.port) as late:
        settled(late)
        kept = {one.topic: one.payload for one in late.seen if one.retained}
    assert set(kept) == {AVAILABILITY, DISCOVERY, SWITCH}
    assert (kept[AVAILABILITY], kept[SWITCH]) == ("online", "ON")


def test_a_switch_follows_its_rule(sinks: Sinks, listener: Subscriber, notification: Make) -> None:
    sink = at_work(sinks(), listener)
    sink.send(notification())
    listener.until(lambda: payloads(listener, SWITCH)[-1] == "ON")
    sink.send(notification(id="2", kind="resolved"))
    listener.until(lambda: payloads(listener, SWITCH)[-1] == "OFF")


def test_a_new_rule_is_described_before_it_is_turned(
    sinks: Sinks, listener: Subscriber, notification: Make
) -> None:
    sink = at_work(sinks(), listener)
    sink.send(notification(rule="nobody smiles"))
    listener.until(lambda: listener.seen[-1].payload == "ON")
    last = json.loads(listener.on(DISCOVERY)[-1].payload)
    (switch,) = [c for c in last["cmps"].values() if c["name"] == "Alert nobody smiles"]
    assert payloads(listener, switch["state_topic"]) == ["ON"]
    topics = [one.topic for one in listener.seen]
    assert topics.index(switch["state_topic"]) > len(topics) - topics[::-1].index(DISCOVERY) - 1


def test_home_assistant_starting_is_told_again(sinks: Sinks, listener: Subscriber) -> None:
    at_work(sinks(), listener)
    before = len(listener.on(DISCOVERY))
    listener.publish("homeassistant/status", b"online")
    listener.until(lambda: len(listener.on(DISCOVERY)) > before)
    assert payloads(listener, SWITCH)[-1] == "OFF"
    assert json.loads(listener.on("edge-run/desk/state")[-1].payload) == CALM


@pytest.mark.parametrize("payload", [b"", b"offline", b"\xff\xfe\x00", b"online ", b"x" * 70_000])
def test_other_words_of_home_assistant_are_passed_over(
    sinks: Sinks, listener: Subscriber, notification: Make, payload: bytes
) -> None:
    sink = at_work(sinks(), listener)
    before = len(listener.on(DISCOVERY))
    listener.publish("homeassistant/status", payload)
    listener.publish("edge-run/desk/alert/anger", payload)
    sink.send(notification())
    settled(listener)
    assert len(listener.on(DISCOVERY)) == before


def test_without_discovery_home_assistant_is_told_nothing(
    sinks: Sinks, listener: Subscriber
) -> None:
    sinks(discovery=False).report(CALM)
    listener.until(lambda: listener.on(SWITCH))
    listener.publish("homeassistant/status", b"online")
    settled(listener)
    assert not [one for one in listener.seen if one.topic.endswith("/config")]


def test_what_an_earlier_process_left_raised_is_lowered(
    sinks: Sinks, listener: Subscriber, notification: Make
) -> None:
    other = "edge-run/desk/alert/forgotten"
    listener.publish(other, b"ON", retain=True)
    listener.publish(SWITCH, b"ON", retain=True)
    sink = sinks()
    sink.send(notification())  # accepted by this process, so it stays
    sink.report(BUSY)
    listener.until(lambda: payloads(listener, other)[-1] == "OFF")
    settled(listener)
    assert payloads(listener, SWITCH)[-1] == "ON"


def test_closing_says_offline(sinks: Sinks, listener: Subscriber) -> None:
    sink = at_work(sinks(), listener)
    sink.close()
    sink.close()
    listener.until(lambda: payloads(listener, AVAILABILITY) == ["online", "offline"])


def test_a_test_beside_the_service_leaves_it_alone(
    sinks: Sinks, listener: Subscriber, notification: Make
) -> None:
    service = at_work(sinks(), listener)
    before = [one.topic for one in listener.seen]
    tester = sinks()
    tester.send(notification(kind="test"))
    tester.close()
    service.send(notification(id="2"))
    listener.until(lambda: payloads(listener, SWITCH)[-1] == "ON")
    settled(listener)
    assert payloads(listener, AVAILABILITY) == ["online"]
    assert ids(listener) == ["0197c2f5-firing", "2"]
    new = [one.topic for one in listener.seen][len(before) :]
    assert set(new) == {EVENT, SWITCH, "mark"}


CHILD = """
import sys, threading
from edge.alerts.sinks.mqtt import MqttConfig, make
sink = make("home", MqttConfig(host="127.0.0.1", port=int(sys.argv[1])), "desk")
sink.report({"firing": 0})
threading.Event().wait()
"""


def test_a_killed_service_is_offline_by_its_will(listener: Subscriber, broker: Mosquitto) -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(broker.port)])
    try:
        listener.until(lambda: payloads(listener, AVAILABILITY) == ["online"])
        os.kill(child.pid, signal.SIGKILL)
        listener.until(lambda: payloads(listener, AVAILABILITY) == ["online", "offline"])
    finally:
        child.kill()
        child.wait(DEADLINE)


def test_a_frozen_former_service_is_closed_by_the_new_one(
    listener: Subscriber, broker: Mosquitto, sinks: Sinks
) -> None:
    """Its will must not call offline, a minute later, what has come back long since."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(broker.port)])
    try:
        listener.until(lambda: payloads(listener, AVAILABILITY) == ["online"])
        os.kill(child.pid, signal.SIGSTOP)
        sinks().report(CALM)
        listener.until(lambda: len(listener.on(AVAILABILITY)) == 3)
        assert payloads(listener, AVAILABILITY) == ["online", "offline", "online"]
    finally:
        child.kill()
        child.wait(DEADLINE)


def test_two_devices_of_one_name_are_told_of_each_other(
    sinks: Sinks, listener: Subscriber, caplog: pytest.LogCaptureFixture
) -> None:
    at_work(sinks(), listener)
    sinks().report(CALM)  # the broker gives each the other's connection, for ever
    listener.until(lambda: "is there a second device of the same name?" in caplog.text)


def test_no_broker_is_certain_and_told(sinks: Sinks, broker: Mosquitto, notification: Make) -> None:
    sink = sinks()
    broker.stop()
    with pytest.raises(SendError, match="refuses connections; is it running") as caught:
        sink.send(notification())
    assert caught.value.certain


def test_a_restarted_broker_gets_each_alert_once_and_every_state(
    sinks: Sinks, listener: Subscriber, broker: Mosquitto, notification: Make
) -> None:
    sink = at_work(sinks(), listener)
    sink.send(notification(id="before"))
    broker.stop()
    with pytest.raises(SendError):
        sink.send(notification(id="during"))
    seen, attached = len(listener.seen), listener.attachments
    broker.start()
    listener.attach(more_than=attached)
    sink.send(notification(id="during"))
    listener.until(lambda: payloads(listener, SWITCH)[-1:] == ["ON"] and len(ids(listener)) > 1)
    settled(listener)
    assert ids(listener) == ["before", "during"]
    # the broker has lost everything that it had kept
    assert {one.topic for one in listener.seen[seen:]} >= {AVAILABILITY, DISCOVERY, SWITCH}
    assert payloads(listener, SWITCH)[-1] == "ON"
    # what the broker has kept reaches a late listener when the broker likes
    live = [one.topic for one in listener.seen[seen:] if not one.retained]
    assert AVAILABILITY not in live or live.index(AVAILABILITY) < live.index(EVENT)


def test_a_slow_broker_is_waited_for(
    sinks: Sinks, listener: Subscriber, broker: Mosquitto, notification: Make
) -> None:
    sink = at_work(sinks(), listener)
    broker.pause()
    later = Timer(0.3, broker.resume)
    later.start()
    sink.send(notification())
    later.join()
    settled(listener)
    assert ids(listener) == ["0197c2f5-firing"]


def test_an_unconfirmed_alert_is_never_sent_by_paho_again(
    sinks: Sinks, listener: Subscriber, broker: Mosquitto, notification: Make
) -> None:
    """One delivery a try: that in the broker's socket when it froze, and the outbox's own."""
    sink = at_work(sinks(timeout=0.5), listener)
    broker.pause()
    with pytest.raises(SendError, match="does not confirm") as caught:
        sink.send(notification(id="once"))
    assert not caught.value.certain
    broker.resume()
    listener.until(lambda: ids(listener) == ["once"])
    for _ in range(3):  # connections later, nothing more has come
        attached = listener.attachments
        broker.stop()
        broker.start()
        listener.attach(more_than=attached)
        listener.until(lambda: payloads(listener, AVAILABILITY)[-1] == "online")
    settled(listener)
    assert ids(listener) == ["once"]
    sink.send(notification(id="once"))
    settled(listener)
    assert ids(listener) == ["once", "once"]


def test_a_broker_that_is_killed_while_it_is_waited_for(
    sinks: Sinks, listener: Subscriber, broker: Mosquitto, notification: Make
) -> None:
    sink = at_work(sinks(), listener)
    broker.pause()
    later = Timer(0.2, broker.kill)
    later.start()
    begun = time.monotonic()
    with pytest.raises(SendError, match="it may have the message") as caught:
        sink.send(notification())
    later.join()
    assert not caught.value.certain
    assert time.monotonic() - begun < 15  # not the time-out of 20 s


def test_reports_never_wait_for_a_frozen_broker(
    sinks: Sinks, listener: Subscriber, broker: Mosquitto
) -> None:
    sink = at_work(sinks(), listener)
    broker.pause()
    for number in range(2000):
        sink.report({**CALM, "frames": number})
    broker.resume()
    settled(listener)


def test_reports_are_not_kept_for_a_broker_that_is_away(
    sinks: Sinks, listener: Subscriber, broker: Mosquitto
) -> None:
    sink = at_work(sinks(), listener)
    broker.stop()
    for number in range(500):
        sink.report({**CALM, "frames": number})
    seen, attached = len(listener.seen), listener.attachments
    broker.start()
    listener.attach(more_than=attached)
    listener.until(lambda: listener.on(AVAILABILITY) != [])
    settled(listener)
    states = [one for one in listener.seen[seen:] if one.topic == "edge-run/desk/state"]
    assert len(states) <= 1


def test_a_rule_that_comes_up_while_the_broker_is_away_is_described(
    sinks: Sinks, listener: Subscriber, broker: Mosquitto
) -> None:
    sink = at_work(sinks(), listener)
    broker.stop()
    sink.report({**CALM, "alerts.sad": 0})
    attached = listener.attachments
    broker.start()
    listener.attach(more_than=attached)
    listener.until(lambda: "alert_sad" in listener.on(DISCOVERY)[-1].payload)
    listener.until(lambda: payloads(listener, "edge-run/desk/alert/sad") == ["OFF"])


def test_nobody_listening_is_told_once(
    sinks: Sinks, notification: Make, caplog: pytest.LogCaptureFixture
) -> None:
    sink = sinks()
    for number in range(3):
        sink.send(notification(id=str(number)))
    assert caplog.text.count("nobody listens to edge-run/desk/event") == 1


def test_any_name_of_device_and_rule_is_published(
    sinks: Sinks, listener: Subscriber, notification: Make
) -> None:
    for name in ("a/b+c#d", "Empfang Müller", "受付", "$SYS", " "):
        sink = sinks(device=name)
        sink.report({"firing": 0, f"alerts.{name}": 0})
        sink.send(notification(rule=name, id=name))
    settled(listener)
    events = [one for one in listener.seen if one.topic.endswith("/event")]
    assert len(events) == len({one.topic for one in events}) == 5


def test_two_sinks_at_one_broker_leave_each_other_alone(
    broker: Mosquitto, listener: Subscriber, notification: Make
) -> None:
    made = [
        MqttSink(name, MqttConfig(host="127.0.0.1", port=broker.port, topic=name), "desk")
        for name in ("first", "second")
    ]
    try:
        for sink in made:
            sink.report(CALM)
            listener.until(lambda at=f"{sink.name}/desk/state": listener.on(at))
        for sink in made:
            sink.send(notification())
        settled(listener)
        for sink in made:
            assert payloads(listener, f"{sink.name}/desk/availability") == ["online"]
    finally:
        for sink in made:
            sink.close()


def test_a_fault_while_greeting_does_not_end_the_sink_for_good(
    sinks: Sinks, notification: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = sinks()
    faults = iter([ValueError("a fault")])
    greet = Presence.greet

    def greets(self: Presence, session: Session) -> None:
        for fault in faults:
            raise fault
        greet(self, session)

    monkeypatch.setattr(Presence, "greet", greets)
    sink.report(CALM)
    with suppress(SendError):  # whether it met the fault or came after it
        sink.send(notification())
    sink.send(notification())
    assert next(faults, None) is None
