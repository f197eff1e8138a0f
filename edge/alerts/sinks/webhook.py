"""Notifications to an http address, in the form of Standard Webhooks 1.0."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edge import __version__
from edge.alerts.notification import Notification
from edge.alerts.sinks.base import SendError, SinkConfig
from edge.errors import ConfigError

if TYPE_CHECKING:
    from edge.alerts.sinks.http_post import Poster


@dataclass(frozen=True)
class WebhookConfig(SinkConfig):
    """A POST with the notification as JSON; any 2xx answer accepts it.

    Attributes:
        type: `webhook`.
        url: https://HOST/PATH or http://...; user and password in it go as basic authentication.
        secret: Signs each request, as `whsec_` and base64 or any text; several, separated by
            spaces, while it is being changed; empty for no signature.
        headers: Further headers, each as "Name: value".
        ca_file: PEM file with the authorities to trust instead of the system's.
        cert_file: PEM file with a client's certificate and its key, without a passphrase.
    """

    type: str = "webhook"
    url: str = field(default="", metadata={"secret": True}, repr=False)
    secret: str = field(default="", metadata={"secret": True}, repr=False)
    headers: tuple[str, ...] = field(default=(), metadata={"secret": True}, repr=False)
    ca_file: str = ""
    cert_file: str = ""


BOUNDS = {"timeout": (0.1, 60.0)}


def make(name: str, config: WebhookConfig, _device: str) -> WebhookSink:
    """A webhook sink; connects at the first notification.

    Raises:
        ConfigError: the address, a secret or a header can never work.
    """
    from edge.alerts.sinks.http_address import read_address
    from edge.alerts.sinks.http_headers import read_headers
    from edge.alerts.sinks.http_post import Poster
    from edge.alerts.sinks.signature import read_keys

    try:
        address = read_address(config.url)
        headers = read_headers(config.headers)
        keys = read_keys(config.secret)
        if address.authorization and "authorization" in map(str.lower, headers):
            raise ConfigError("url and headers both authenticate; remove one of them")
    except ConfigError as error:
        raise ConfigError(f"sinks.{name}: {error}") from error
    poster = Poster(address, config.ca_file, config.cert_file)
    return WebhookSink(name, poster, headers, keys, config.timeout)


class WebhookSink:
    """Posts each notification over a connection of its own, so that nothing is kept open for days.

    Args:
        headers: Beside those that the standard wants.
        keys: To sign with; none for no signature.
        timeout: Seconds that one try may take.
        clock: Unix seconds.
    """

    def __init__(
        self,
        name: str,
        poster: Poster,
        headers: Mapping[str, str],
        keys: Sequence[bytes],
        timeout: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._poster, self._timeout, self._clock = poster, timeout, clock
        self._headers, self._keys = dict(headers), tuple(keys)

    def reach(self) -> None:
        """Connect, for the next `send` to use.

        Raises:
            SendError: there is no connection; nothing was sent.
        """
        self._poster.reach(self._timeout)

    def send(self, notification: Notification) -> None:
        """Post it; a redirect is never followed.

        Raises:
            SendError: no connection, no answer in time, or an answer other than 2xx.
        """
        from edge.alerts.sinks.http_answer import refusal

        body = notification.as_json().encode()
        headers = self._headers_for(notification.id, body)
        answer = self._poster.post(headers, body, self._timeout)
        if error := refusal(answer, self._poster.address, self._clock()):
            raise error

    def _headers_for(self, ident: str, body: bytes) -> dict[str, str]:
        from edge.alerts.sinks.http_headers import is_value
        from edge.alerts.sinks.signature import sign

        if not ident or not is_value(ident):
            raise SendError("the notification's id cannot be a header", permanent=True)
        now = int(self._clock())
        headers = {
            **self._headers,
            "Content-Type": "application/json",
            "User-Agent": f"edge-emotion/{__version__}",
            "webhook-id": ident,
            "webhook-timestamp": str(now),
        }
        if self._keys:
            headers["webhook-signature"] = sign(self._keys, ident, now, body)
        return headers

    def close(self) -> None:
        """Close what was opened and not used."""
        self._poster.close()
