"""Keeping a connection to a broker up, in a thread of its own."""

from __future__ import annotations

import logging
import random
import secrets
import threading
import time
from collections.abc import Callable
from typing import Protocol

from edge.alerts.sinks import mqtt_words
from edge.alerts.sinks.base import SendError
from edge.alerts.sinks.mqtt_config import MqttConfig
from edge.alerts.sinks.mqtt_session import Message, Session
from edge.backoff import Backoff
from edge.errors import ConfigError

log = logging.getLogger(__name__)

TURN = 1.0  # seconds; whatever is published ends a turn early
TOO_SHORT = 5  # connections in a row that did not; a broker that restarts ends one or two
NO_TIME = "was not given the time to answer"
STEADY = 30.0  # seconds that a connection must last before the next failure counts as the first


class Host(Protocol):
    """Who uses the connection; its methods are called by the link's thread."""

    @property
    def will(self) -> tuple[str, str]:
        """Topic and payload of the service's last will."""

    def greet(self, session: Session) -> None:
        """There is a new connection, opened for the service."""

    def hear(self, session: Session, message: Message) -> None:
        """Something came in."""


class Link:
    """Connects when first needed, and again, with backoff, whenever the connection is lost.

    It connects as a passer-by, under a client id that nobody else has and without a will, until
    `serve` says that this is the service itself: an operator's test beside the running service
    must neither take its connection over nor mark it offline.

    Args:
        name: The sink's, for the log.
        client_id: The service's. It stays the same, so that the broker closes what a power cut has
            left open, will and all, before the service says that it is back.
        host: Told of new connections and of what comes in.
        chance: Uniform in [0, 1).
    """

    def __init__(
        self,
        name: str,
        config: MqttConfig,
        client_id: str,
        host: Host,
        backoff: Backoff,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._who = f"sink {name}: {mqtt_words.broker(config)}"
        self._config, self._client_id = config, client_id
        self._host, self._backoff, self._chance = host, backoff, chance
        self._changed = threading.Condition()
        self._session: Session | None = None
        self._opening: Session | None = None
        self._thread: threading.Thread | None = None
        self._serving = self._closing = self._hurry = self._old = False
        self._attempts = 0
        self._error = "has not been called yet"
        self._said: set[str] = set()

    @property
    def session(self) -> Session | None:
        """The connection, if there is one now."""
        session = self._session
        return session if session and not session.ended else None

    def serve(self) -> None:
        """From now on this is the service: connect even with nothing to send, have a will."""
        with self._changed:
            if not self._serving:
                self._serving = True
                self._begin()

    def connected(self, seconds: float) -> Session:
        """The connection; if there is none, that of the next attempt, which begins at once.

        Raises:
            SendError: the attempt has failed, or not ended in time; surely nothing was sent.
        """
        with self._changed:
            if session := self.session:
                return session
            before, self._hurry = self._attempts, True
            self._begin()
            self._changed.wait_for(
                lambda: self.session or self._attempts > before or self._closing, seconds
            )
            if session := self.session:
                return session
        why = self._error if self._attempts > before else mqtt_words.NOT_IN_TIME
        raise SendError(f"{mqtt_words.broker(self._config)} {why}")

    def close(self, seconds: float) -> None:
        """Say goodbye and end the thread; give up on both after so many seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            session, opening, thread = self.session, self._opening, self._thread
        if session:
            session.finish()
        elif opening:
            opening.drop(NO_TIME)
        if thread:
            thread.join(seconds)
            if thread.is_alive() and session:
                session.drop(NO_TIME)

    def _begin(self) -> None:
        if self._thread is None and not self._closing:
            self._thread = threading.Thread(target=self._run, name=self._who, daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        failures = short = 0
        while not self._closing:
            begun = time.monotonic()
            session = None
            try:
                session = self._open()
                if session and self._keep(session):
                    continue
            except Exception:  # without this thread nothing would ever be sent again
                log.exception("%s: the connection is given up", self._who)
                self._outcome(None, mqtt_words.FAULT)
            steady = session is not None and time.monotonic() - begun > STEADY
            failures = 1 if steady else failures + 1
            short = 0 if steady else short + (session is not None)
            if short == TOO_SHORT:
                log.warning("%s %s", self._who, mqtt_words.AGAIN)
            self._pause(self._backoff.wait(failures, self._chance()))

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._hurry or self._closing, seconds)

    def _open(self) -> Session | None:
        try:
            session = self._opening = self._new_session()
            opened = session.open()
        except ConfigError as error:
            self._outcome(None, f"cannot be called: {error}")
            return None
        if opened:
            if session.will:  # before anything is sent: what is unavailable has no events
                self._host.greet(session)
            self._outcome(session, "")
            return session
        session.release()
        if session.too_new and not self._closing:
            log.warning("%s speaks MQTT 3.1.1 only; %s", self._who, mqtt_words.OLD)
            self._old = True
            return self._open()
        self._outcome(None, session.ended)
        return None

    def _new_session(self) -> Session:
        if self._serving:
            return Session(self._config, self._client_id, self._host.will, self._old)
        return Session(self._config, f"{self._client_id}-{secrets.token_hex(4)}", None, self._old)

    def _outcome(self, session: Session | None, error: str) -> None:
        if session:
            log.info("%s: connected", self._who)
        elif error != self._error:
            log.warning("%s %s", self._who, error)
        with self._changed:
            self._session, self._error, self._hurry = session, error, False
            self._attempts += 1
            self._changed.notify_all()

    def _keep(self, session: Session) -> bool:
        """Serve the connection until it ends; whether that was this side's wish."""
        leaving = False
        while not session.ended:
            for message in session.turn(TURN):
                self._host.hear(session, message)
            self._say(session)
            if not leaving and (self._closing or self._outgrown(session)):
                leaving = True
                session.finish()
        session.release()
        with self._changed:
            self._session = None
            self._error = session.ended
        if not leaving:
            log.warning("%s %s", self._who, session.ended)
        return leaving

    def _outgrown(self, session: Session) -> bool:
        return self._serving and session.will is None and session.idle

    def _say(self, session: Session) -> None:
        while session.denied:
            words = session.denied.pop()
            if words not in self._said:
                self._said.add(words)
                log.warning("%s %s", self._who, words)
