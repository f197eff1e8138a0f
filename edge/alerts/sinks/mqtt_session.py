"""One connection to a broker, from CONNECT to its end."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from edge.alerts.sinks import mqtt_words
from edge.alerts.sinks.base import SendError
from edge.alerts.sinks.mqtt_client import new_client
from edge.alerts.sinks.mqtt_config import MqttConfig

NO_SUBSCRIBERS = "No matching subscribers"
UNSUPPORTED = "Unsupported protocol version"


@dataclass(frozen=True)
class Message:
    """What came in.

    Attributes:
        topic, payload: As sent.
        retained: The broker had kept it from before.
    """

    topic: str
    payload: bytes
    retained: bool


class Session:
    """A connection that is opened once.

    What paho still holds when it ends goes with it, so that the outbox alone decides what is sent
    again. `open`, `turn`, `subscribe` and `release` belong to one thread; the rest to any.

    Args:
        will: Topic and payload that the broker publishes once this connection breaks.
        old: Speak MQTT 3.1.1 in place of 5.

    Raises:
        ConfigError: as `new_client`.
    """

    def __init__(
        self, config: MqttConfig, client_id: str, will: tuple[str, str] | None, old: bool = False
    ) -> None:
        self.will, self._config, self._old = will, config, old
        self._changed = threading.Condition()
        self._acks: dict[int, Any] = {}
        self._announced: dict[int, str] = {}
        self._inbox: list[Message] = []
        self._connected = False
        self._refusal = ""
        self._ended = ""
        self._posted = 0
        self.denied: list[str] = []
        self._client = new_client(config, client_id, will, old)
        # with this set, another thread's publish leaves the socket to the thread that turns
        self._client.on_socket_register_write = lambda *_: None
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe

    @property
    def ended(self) -> str:
        """Why the connection is no more, as the end of 'the broker ...'; '' while it is."""
        return self._ended

    @property
    def too_new(self) -> bool:
        """Whether the broker refused because it does not speak MQTT 5."""
        return self._refusal == UNSUPPORTED and not self._old

    @property
    def idle(self) -> bool:
        """Whether everything that was posted is answered."""
        return self._posted == 0

    def open(self) -> bool:
        """Connect and await the broker's answer, each for `timeout` seconds; whether it said yes.

        If not, `ended` says why.
        """
        fresh = {} if self._old else {"clean_start": True}
        config = self._config
        try:
            self._client.connect(config.host, config.port, config.keepalive, **fresh)
        except Exception as error:
            self.drop(mqtt_words.not_connected(error))
        deadline = time.monotonic() + config.timeout
        while not (self._connected or self._ended):
            if (left := deadline - time.monotonic()) > 0:
                self.turn(left)
            else:
                self.drop(mqtt_words.SILENT)
        return self._connected and not self._ended

    def turn(self, seconds: float) -> list[Message]:
        """Do what the network asks for, for so long at most; returns what has come in."""
        try:
            if self._client.loop(seconds):
                self.drop(mqtt_words.LOST if self._connected else mqtt_words.NO_CONNACK)
        except Exception:  # paho raises whatever it meets in what is not MQTT
            self.drop(mqtt_words.NOT_MQTT)
        messages, self._inbox = self._inbox, []
        return messages

    def drop(self, why: str) -> None:
        """End it now, without a word to the broker: it publishes the will."""
        with self._changed:
            self._ended = self._ended or why
            self._changed.notify_all()
        opened = self._client.socket()
        if opened is not None:
            with suppress(OSError):
                # not SSLSocket's own, which takes the TLS state from under the thread that reads
                socket.socket.shutdown(opened, socket.SHUT_RDWR)

    def finish(self) -> None:
        """Say goodbye, so that there is no will; `turn` sends it and ends."""
        with suppress(Exception):
            self._client.disconnect()

    def release(self) -> None:
        """Undo the circle of client and callbacks, so that its sockets are closed at once."""
        for event in ("connect", "disconnect", "publish", "message", "subscribe"):
            setattr(self._client, f"on_{event}", None)

    def subscribe(self, *topics: str) -> None:
        """Ask for the messages of these topics."""
        self._client.subscribe([(topic, 1) for topic in topics])

    def announce(self, topic: str, payload: str) -> None:
        """Publish retained without waiting; if the broker does not take it, `denied` says so.

        Nothing is kept once the connection has ended.
        """
        self._send(topic, payload, 1, retain=True)

    def tell(self, topic: str, payload: str, retain: bool = False) -> None:
        """Publish at most once, without waiting; nothing is kept once the connection has ended."""
        self._send(topic, payload, 0, retain=retain)

    def _send(self, topic: str, payload: str, qos: int, *, retain: bool) -> None:
        if self._ended:
            return
        info = self._client.publish(topic, _bytes(payload), qos=qos, retain=retain)
        with self._changed:  # the answer may have come meanwhile
            # paho answers what is sent at most once, too; left there, it would be taken for the
            # answer to an alert once the numbers begin anew
            reason = self._acks.pop(info.mid, None)
            if reason is None:
                self._announced[info.mid] = topic
            else:
                self._judge(topic, reason)

    def post(self, topic: str, payload: str, retain: bool = False) -> int:
        """Publish at least once; the number to `wait` for.

        Raises:
            SendError: the connection had ended before.
        """
        info = self._client.publish(topic, _bytes(payload), qos=1, retain=retain)
        if info.rc:
            raise SendError(f"{mqtt_words.broker(self._config)} {self._ended or mqtt_words.LOST}")
        with self._changed:
            self._posted += 1
        return int(info.mid)

    def wait(self, number: int, topic: str, seconds: float) -> bool:
        """Wait until the broker has taken what was posted; whether anybody is subscribed to it.

        Raises:
            SendError: it has refused it, or has not answered; then the connection is given up.
        """
        who = mqtt_words.broker(self._config)
        with self._changed:
            self._changed.wait_for(lambda: number in self._acks or self._ended, max(seconds, 0))
            reason = self._acks.pop(number, None)
            self._posted -= 1
        if reason is None:
            self.drop(mqtt_words.UNANSWERED)
            raise SendError(f"{who} {self._ended}; it may have the message", certain=False)
        if reason.is_failure:
            raise SendError(f"{who} {mqtt_words.not_published(str(reason), topic)}")
        return str(reason) != NO_SUBSCRIBERS

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _more: Any) -> None:
        if reason.is_failure:
            self._refusal = str(reason)
            self.drop(mqtt_words.refusal(self._refusal))
        else:
            self._connected = True

    def _on_disconnect(self, _client: Any, _data: Any, flags: Any, reason: Any, _more: Any) -> None:
        if flags.is_disconnect_packet_from_server:
            self.drop(mqtt_words.refusal(str(reason)))

    def _on_publish(self, _client: Any, _data: Any, mid: int, reason: Any, _more: Any) -> None:
        with self._changed:
            topic = self._announced.pop(mid, None)
            if topic is None:
                self._acks[mid] = reason
                self._changed.notify_all()
            else:
                self._judge(topic, reason)

    def _judge(self, topic: str, reason: Any) -> None:
        if reason.is_failure:
            self.denied.append(mqtt_words.not_published(str(reason), topic))

    def _on_subscribe(self, _client: Any, _data: Any, _mid: int, reasons: Any, _more: Any) -> None:
        self.denied += [mqtt_words.NOT_SUBSCRIBED for reason in reasons if reason.is_failure][:1]

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        self._inbox.append(Message(message.topic, bytes(message.payload), bool(message.retain)))


def _bytes(payload: str) -> bytes:
    return payload.encode("utf-8", "replace")
