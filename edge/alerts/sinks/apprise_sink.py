"""Notifications by mail, chat or SMS: whatever Apprise reaches."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edge.alerts.notification import Notification
from edge.alerts.sinks.base import SendError, SinkConfig
from edge.bounded import Bounded
from edge.errors import ConfigError

INSTALL = "pip install 'edge-emotion[apprise]'"
SLOWLY = 120.0  # seconds between tries of what only a person can mend
TYPES = {"firing": "warning", "resolved": "success", "test": "info"}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://\S")


@dataclass(frozen=True)
class AppriseConfig(SinkConfig):
    """Services that Apprise reaches; loading it takes 45 MB at the first notification.

    Attributes:
        type: `apprise`.
        urls: Addresses as https://github.com/caronc/apprise/wiki writes them, such as
            "mailtos://USER:PASSWORD@HOST?to=SOMEBODY".
    """

    type: str = "apprise"
    urls: tuple[str, ...] = field(default=(), metadata={"secret": True}, repr=False)


BOUNDS = {"timeout": (0.1, 60.0)}


def make(name: str, config: AppriseConfig, _device: str) -> AppriseSink:
    """A sink for these services; Apprise is loaded at the first notification.

    Raises:
        ConfigError: there is no address, or one that cannot be one; it is not repeated.
    """
    if not config.urls:
        raise ConfigError(f"sinks.{name}: urls is missing; give at least one address")
    for number, url in enumerate(config.urls, 1):
        if not _SCHEME.match(url):
            raise ConfigError(f"sinks.{name}: urls, number {number}: must be SERVICE://...")
    return AppriseSink(name, config.urls, config.timeout)


class AppriseSink:
    """Tells each service on its own, so that one that fails does not make the others ring twice."""

    def __init__(self, name: str, urls: Sequence[str], timeout: float) -> None:
        self.name = name
        self._urls, self._timeout = tuple(urls), timeout
        self._bounded = Bounded(f"apprise {name}")
        self._accepted: tuple[str, frozenset[int]] = ("", frozenset())

    def send(self, notification: Notification) -> None:
        """Tell every service that has not accepted this notification yet. Never with a picture.

        Raises:
            SendError: one did not accept it, which Apprise cannot tell from a lost answer; or all
                together take too long; or Apprise is not there or does not know the service.
        """
        services = self._services()  # before the clock runs: loading all this takes a board long
        try:
            failed = self._bounded.call(lambda: self._tell(services, notification), self._timeout)
        except TimeoutError as error:
            raise SendError(
                f"{self._shown(services)}: has not ended within {self._timeout:g} s", certain=False
            ) from error
        if failed:
            raise SendError(
                f"{self._shown(failed)}: did not accept it; `apprise --body=test ADDRESS` says why",
                certain=False,
            )
        if unknown := [number for number in range(len(self._urls)) if number not in services]:
            raise SendError(
                f"{self._shown(unknown)}: is no address that Apprise understands; correct it",
                retry_after=SLOWLY,
            )

    def _services(self) -> dict[int, Any]:
        """By their places in `urls`, those that Apprise understands."""
        apprise = _library()
        made = {number: apprise.Apprise() for number in range(len(self._urls))}
        return {number: one for number, one in made.items() if one.add(self._urls[number])}

    def _tell(self, services: Mapping[int, Any], notification: Notification) -> list[int]:
        """The places of those that did not accept it."""
        if self._accepted[0] != notification.id:
            self._accepted = (notification.id, frozenset())
        waiting = {n: one for n, one in services.items() if n not in self._accepted[1]}
        for number, service in waiting.items():
            if _notify(service, notification):
                self._accepted = (notification.id, self._accepted[1] | {number})
        return [number for number in waiting if number not in self._accepted[1]]

    def _shown(self, numbers: Iterable[int]) -> str:
        """Their schemes and places; all else in these addresses may be a secret."""
        return ", ".join(
            f"{self._urls[number].partition('://')[0].lower()}:// (number {number + 1} of urls)"
            for number in numbers
        )

    def close(self) -> None:
        """There is nothing to let go of."""


def _notify(service: Any, notification: Notification) -> bool:
    return bool(
        service.notify(
            body=notification.text,
            title=f"{notification.device}: {notification.rule}",
            notify_type=TYPES[notification.kind],
            body_format="text",
            interpret_escapes=False,
        )
    )


def _library() -> Any:
    """Apprise, with its log silenced: it repeats addresses, and passwords with them.

    Raises:
        SendError: it is not installed.
    """
    for name in ("apprise", "urllib3"):
        logging.getLogger(name).propagate = False
    try:
        import apprise
    except ImportError as error:
        raise SendError(f"apprise is not installed; run {INSTALL}", retry_after=SLOWLY) from error
    return apprise
