"""What the MQTT sink can be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.alerts.sinks.base import SinkConfig
from edge.errors import ConfigError

BOUNDS = {
    "timeout": (0.1, 60.0),
    "port": (1, 65535),
    "expire_after": (0, 86400),
    "keepalive": (5, 3600),
}


@dataclass(frozen=True)
class MqttConfig(SinkConfig):
    """Which broker, and what it is told.

    Attributes:
        type: `mqtt`.
        host: The broker's name or address.
        port: 1883, with TLS usually 8883.
        username: Empty for a broker that asks for none.
        password: To it; better `credential:NAME` or `file:/path` than the password itself.
        tls: Speak TLS and believe only a certificate that `ca_file`, or the system, vouches for.
        ca_file: The authority that signed the broker's certificate; empty for the system's own.
        cert_file: This device's certificate, where the broker asks for one.
        key_file: Its key; empty where `cert_file` holds both.
        client_id: Empty for one made of the device's name and the sink's.
        topic: All topics start with it: `topic/<device>/event`.
        discovery: Tell Home Assistant which entities this device has.
        discovery_prefix: As set in Home Assistant.
        expire_after: Seconds without a report until Home Assistant calls the entities
            unavailable, so that a frozen device does not look like a calm one; 0 never.
        keepalive: Seconds; after one and a half times as many of silence the broker says that
            this device is offline.
    """

    type: str = "mqtt"
    host: str = "localhost"
    port: int = 1883
    username: str = ""
    password: str = field(default="", metadata={"secret": True}, repr=False)
    tls: bool = False
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    client_id: str = ""
    topic: str = "edge-run"
    discovery: bool = True
    discovery_prefix: str = "homeassistant"
    expire_after: int = 180
    keepalive: int = 30


def check(name: str, config: MqttConfig) -> None:
    """Refuse what no broker would take.

    Raises:
        ConfigError: naming the key and what to write instead.
    """
    where = f"sinks.{name}"
    if not config.host.strip():
        raise ConfigError(f"{where}.host is empty; give the broker's name or address")
    for key in ("topic", "discovery_prefix"):
        _check_topic(f"{where}.{key}", getattr(config, key))
    files = ("ca_file", "cert_file", "key_file")
    if given := [key for key in files if getattr(config, key) and not config.tls]:
        raise ConfigError(f"{where}.{given[0]} is of no use without TLS; set {where}.tls = true")
    if config.key_file and not config.cert_file:
        raise ConfigError(f"{where}.key_file needs {where}.cert_file beside it")
    if config.password and not config.username:
        raise ConfigError(f"{where}.password needs {where}.username beside it")


def _check_topic(key: str, topic: str) -> None:
    wrong = any(c in "+#" or not c.isprintable() for c in topic)
    # a topic that starts with $ is the broker's own, and an empty level is a typing error
    if wrong or topic.startswith("$") or not all(topic.split("/")):
        raise ConfigError(
            f"{key}: {topic!r} is no topic to publish under; give a word such as 'edge-run' or "
            "several with / between them, without + and #"
        )
    if len(topic.encode()) > 256:
        raise ConfigError(f"{key} is longer than 256 bytes; shorten it")
