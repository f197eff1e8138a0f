"""One connection to a real mosquitto."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from benchmarks.faults.mosquitto import PROGRAM, Mosquitto
from benchmarks.faults.subscriber import DEADLINE
from edge.alerts.sinks.base import SendError
from edge.alerts.sinks.mqtt import MqttConfig
from edge.alerts.sinks.mqtt_session import Session

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path) as running:
        yield running


def turn(session: Session) -> None:
    while not session.ended:
        session.turn(0.05)


def test_a_report_is_never_taken_for_the_answer_to_an_alert(broker: Mosquitto) -> None:
    """paho numbers both alike and begins anew after 65,535, which a service reaches in days."""
    config = MqttConfig(host="127.0.0.1", port=broker.port, timeout=20.0)
    session = Session(config, "by-hand", None)
    assert session.open()
    turning = Thread(target=turn, args=(session,))
    turning.start()
    session.tell("report", "1")
    session.announce("switch", "OFF")
    number = session.post("alert", "1")
    session.wait(number, "alert", DEADLINE)
    for earlier in range(1, number):
        with pytest.raises(SendError, match="does not confirm"):
            session.wait(earlier, "alert", 0)
    turning.join(DEADLINE)
    assert not turning.is_alive()
    session.release()
