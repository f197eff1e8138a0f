"""paho's client as configured: credentials, TLS, last will."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from edge.alerts.sinks.mqtt_config import MqttConfig
from edge.alerts.sinks.mqtt_words import INSTALL
from edge.errors import ConfigError


def new_client(config: MqttConfig, client_id: str, will: tuple[str, str] | None, old: bool) -> Any:
    """A client that has not connected yet and never connects again by itself.

    Args:
        will: Topic and payload, retained, that the broker publishes once the connection breaks.
        old: Speak MQTT 3.1.1 in place of 5.

    Raises:
        ConfigError: a file of `config` cannot be used, or paho is not installed.
    """
    try:
        from paho.mqtt import client as paho
        from paho.mqtt.enums import CallbackAPIVersion
    except ImportError as error:
        raise ConfigError(INSTALL) from error
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        protocol=paho.MQTTv311 if old else paho.MQTTv5,
        reconnect_on_failure=False,
    )
    client.connect_timeout = config.timeout
    if config.username:
        client.username_pw_set(config.username, config.password or None)
    if config.tls:
        client.tls_set_context(_tls(config))
    if will:
        client.will_set(*will, qos=1, retain=True)
    return client


class _Socket(ssl.SSLSocket):
    """Closes itself where the handshake fails; paho forgets it open."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def _tls(config: MqttConfig) -> ssl.SSLContext:
    # read at each connection, since certificates are renewed in a year
    for key in ("ca_file", "cert_file", "key_file"):
        _check_readable(key, getattr(config, key))
    try:
        context = ssl.create_default_context(cafile=config.ca_file or None)
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(f"ca_file {config.ca_file} holds no certificate in PEM form") from error
    context.sslsocket_class = _Socket
    if config.cert_file:
        try:
            # an encrypted key would otherwise be asked for on the terminal
            context.load_cert_chain(config.cert_file, config.key_file or None, lambda: b"")
        except (ssl.SSLError, OSError) as error:
            raise ConfigError(
                f"cert_file {config.cert_file} cannot be used with its key; both must be in PEM "
                "form, belong together and have no passphrase"
            ) from error
    return context


def _check_readable(key: str, path: str) -> None:
    if not path:
        return
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        raise ConfigError(f"{key} {path} cannot be read: {error.strerror}") from error
