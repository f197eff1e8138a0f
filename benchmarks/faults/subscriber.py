"""Somebody who listens to a broker and writes down what comes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

DEADLINE = 30.0  # seconds; nothing that is waited for takes as long


@dataclass(frozen=True)
class Seen:
    """A message as it came; `retained` if the broker had kept it from before."""

    topic: str
    payload: str
    retained: bool
    qos: int


class Subscriber:
    """Listens through restarts of the broker.

    Args:
        topic: May have wildcards.
        username, password: Empty for none.
        qos: 0 never writes to the broker, so that what a killed one had sent is still read.
    """

    def __init__(
        self, port: int, topic: str = "#", username: str = "", password: str = "", qos: int = 1
    ) -> None:
        from paho.mqtt import client as paho
        from paho.mqtt.enums import CallbackAPIVersion

        self.seen: list[Seen] = []
        self._changed = threading.Condition()
        self._attachments = 0
        self._stop = threading.Event()
        self._port, self._topic, self._qos = port, topic, qos
        self._client = paho.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
        if username:
            self._client.username_pw_set(username, password)
        # with this set, another thread's publish leaves the socket to the thread that listens
        self._client.on_socket_register_write = lambda *_: None
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._thread = threading.Thread(target=self._run, name="subscriber", daemon=True)

    def __enter__(self) -> Subscriber:
        self._thread.start()
        self.attach()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._client.disconnect()
        self._thread.join(DEADLINE)
        self._client.on_connect = None

    @property
    def attachments(self) -> int:
        """How often the broker has confirmed that it is listened to."""
        return self._attachments

    def attach(self, more_than: int = 0) -> None:
        """Wait until it has attached itself more often than that.

        Raises:
            TimeoutError: it has not.
        """
        self.until(lambda: self._attachments > more_than)

    def until(self, happened: Callable[[], object], seconds: float = DEADLINE) -> None:
        """Wait until something is so after a message.

        Raises:
            TimeoutError: with the last that was seen.
        """
        with self._changed:
            if not self._changed.wait_for(happened, seconds):
                raise TimeoutError(f"not seen within {seconds:g} s; last: {self.seen[-5:]}")

    def on(self, topic: str) -> list[Seen]:
        """What was seen on one topic, in order."""
        return [one for one in list(self.seen) if one.topic == topic]

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Say something, as Home Assistant would."""
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(DEADLINE)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._client.connect("127.0.0.1", self._port, keepalive=600)
                while not self._client.loop(1.0):
                    pass
            except OSError:
                pass
            self._stop.wait(0.002)

    def _on_connect(self, *_: Any) -> None:
        self._client.subscribe(self._topic, qos=self._qos)

    def _on_subscribe(self, *_: Any) -> None:
        with self._changed:
            self._attachments += 1
            self._changed.notify_all()

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        text = message.payload.decode("utf-8", "replace")
        with self._changed:
            self.seen.append(Seen(message.topic, text, bool(message.retain), message.qos))
            self._changed.notify_all()
