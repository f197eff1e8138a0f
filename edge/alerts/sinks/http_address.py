"""An http address taken apart once, and what of it may be shown."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from edge.errors import ConfigError

PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9_.:%-]+")


@dataclass(frozen=True)
class Address:
    """Where a request goes.

    Attributes:
        scheme: `http` or `https`.
        host, port: To connect to.
        target: Path and query, as the request line wants them. Often a secret.
        authorization: Value of the Authorization header; '' without user and password.
    """

    scheme: str
    host: str
    port: int
    target: str = field(repr=False)
    authorization: str = field(repr=False, default="")

    @property
    def shown(self) -> str:
        """Scheme, host and port; never the rest, which is a secret with most chat services."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def read_address(url: str) -> Address:
    """Take an http or https address apart.

    Raises:
        ConfigError: it is none; the message repeats nothing of it, as it may hold a password.
    """
    if not url:
        raise ConfigError("url is missing; give the address to post to")
    if " " in url or not url.isprintable():
        raise ConfigError("url has a space or a control character in it; write it as %20")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        if not host.isascii():
            host = host.encode("idna").decode()
    except ValueError as error:  # of the port, of [ without ], of a name that cannot be one
        raise ConfigError("url has no valid host and port; check it") from error
    if parts.scheme not in PORTS or not _HOST.fullmatch(host) or port == 0:
        raise ConfigError("url must be http://HOST... or https://HOST...")
    return Address(
        parts.scheme,
        host,
        port or PORTS[parts.scheme],
        quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), _AS_IT_IS),
        _basic(parts.username, parts.password),
    )


_AS_IT_IS = "%/:=&?~#+!$,;'@()*[]"


def _basic(user: str | None, password: str | None) -> str:
    if user is None and password is None:
        return ""
    pair = f"{unquote(user or '')}:{unquote(password or '')}"
    return "Basic " + b64encode(pair.encode()).decode()
