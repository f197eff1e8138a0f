"""Why a broker was not reached, in words that say what to do."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping

from edge.alerts.sinks.mqtt_config import MqttConfig
from edge.message import one_line

INSTALL = "paho-mqtt is not installed; run pip install 'edge-emotion[mqtt]'"
NO_CONNACK = (
    "closed the connection before it answered; does its port want TLS, a client certificate, "
    "or another protocol?"
)
SILENT = "takes connections but does not answer; is it overloaded, or no MQTT broker at all?"
SAME_NAME = "is there a second device of the same name? set service.name or client_id"
AGAIN = f"takes connections and soon ends each of them; {SAME_NAME}"
FAULT = "could not be served, by a fault of this program; the log has it"
NOT_IN_TIME = "is still being called"
OLD = "what its access list forbids to publish will look as if it were taken"
LOST = "has closed the connection, or the network has failed"
UNANSWERED = "does not confirm what it was sent; is it overloaded?"
NOT_SUBSCRIBED = (
    "does not let this client listen; a restart of Home Assistant will not be noticed. Mend its "
    "access list"
)
NOT_MQTT = "answers with something that is not MQTT; check host and port"

# By MQTT's names of its reason codes, which paho gives for 3.1.1 too.
_REFUSALS: Mapping[str, str] = {
    "Bad user name or password": "refuses username or password; check both",
    "Not authorized": "does not let this client in; check username, password and its access list",
    "Client identifier not valid": "refuses the client id; set another client_id",
    "Unsupported protocol version": "speaks neither MQTT 5 nor 3.1.1",
    "Server unavailable": "says that it is not available now",
    "Server busy": "says that it is busy",
    "Banned": "has banned this client; ask whoever runs it",
    "Session taken over": f"has given the connection to another client; {SAME_NAME}",
    "Server shutting down": "is shutting down",
}

# The first that fits counts.
_FAILURES: Mapping[type[Exception], str] = {
    ConnectionRefusedError: "refuses connections; is it running, and is that its port?",
    TimeoutError: "does not answer; is the machine on, and the port open?",
    socket.gaierror: "is not found by that name ({}); check host, or the network",
    ssl.SSLCertVerificationError: (
        "shows a certificate that is not trusted ({}); check host and ca_file"
    ),
    ssl.SSLError: "does not agree on TLS ({}); check port, cert_file and key_file",
}


def broker(config: MqttConfig) -> str:
    """Whom all of these are about."""
    return f"MQTT broker {config.host}:{config.port}"


def refusal(reason: str) -> str:
    """What a reason code of CONNACK or DISCONNECT means, as the end of 'the broker ...'."""
    return _REFUSALS.get(reason, f"says: {one_line(reason)}")


def not_published(reason: str, topic: str) -> str:
    """What a reason code of PUBACK means."""
    if reason == "Not authorized":
        return f"does not let this client publish to {topic}; mend its access list"
    return f"does not take a message on {topic}: {one_line(reason)}"


def not_connected(error: Exception) -> str:
    """Why no connection came about, as the end of 'the broker ...'."""
    for kind, words in _FAILURES.items():
        if isinstance(error, kind):
            return words.format(_why(error))
    return f"cannot be reached: {_why(error)}"


def _why(error: Exception) -> str:
    for key in ("verify_message", "reason", "strerror"):
        if text := getattr(error, key, None):
            return one_line(str(text))
    return one_line(str(error) or type(error).__name__)
