"""What of `[sinks.NAME]` with `type = "mqtt"` is refused before anything is sent."""

import subprocess
import sys
from dataclasses import replace

import pytest

from edge.alerts.sinks.mqtt import MqttConfig, make
from edge.alerts.sinks.mqtt_config import check
from edge.alerts.sinks.mqtt_sink import MqttSink
from edge.errors import ConfigError

GOOD = MqttConfig(host="broker.lan")


def test_the_default_is_fit_to_be_used() -> None:
    check("home", MqttConfig())
    assert isinstance(make("home", GOOD, "desk"), MqttSink)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"host": " "}, "sinks.home.host"),
        ({"topic": ""}, "sinks.home.topic"),
        ({"topic": "edge/#"}, "sinks.home.topic"),
        ({"topic": "edge/+/run"}, "sinks.home.topic"),
        ({"topic": "/edge"}, "sinks.home.topic"),
        ({"topic": "edge/"}, "sinks.home.topic"),
        ({"topic": "$SYS/edge"}, "sinks.home.topic"),
        ({"topic": "edge\0run"}, "sinks.home.topic"),
        ({"topic": "e" * 300}, "sinks.home.topic"),
        ({"discovery_prefix": "home assistant/#"}, "sinks.home.discovery_prefix"),
        ({"ca_file": "ca.pem"}, "sinks.home.ca_file"),
        ({"tls": True, "key_file": "key.pem"}, "sinks.home.key_file"),
        ({"password": "hunter2"}, "sinks.home.password"),
    ],
)
def test_what_cannot_work_is_named(changes: dict[str, object], key: str) -> None:
    with pytest.raises(ConfigError, match=f"^{key}") as caught:
        make("home", replace(GOOD, **changes), "desk")  # type: ignore[arg-type]
    assert "hunter2" not in str(caught.value)


def test_the_configuration_loads_without_paho() -> None:
    program = (
        "import sys, edge.alerts.sinks.mqtt as m; m.make('a', m.MqttConfig(), 'desk'); "
        "print([name for name in ('paho', 'ssl', 'numpy') if name in sys.modules])"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "paho" not in done.stdout
    assert "numpy" not in done.stdout
