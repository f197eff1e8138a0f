"""Where the device's health can be asked, and by whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from edge.errors import ConfigError

_FORM = re.compile(r"(?:\[(?P<six>[^\[\]]*)\]|(?P<host>[^\[\]:/\s@]*)):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True)
class HealthConfig:
    """What answers `/healthz` and `/metrics`.

    Attributes:
        listen: Address and port, e.g. `127.0.0.1:9464` or `[::1]:9464`; empty for none. Several
            services on one device need a port each.
        public: Must be true for an address that others can reach: the figures say how many
            people were there, to whoever asks.
        stale_after: Seconds since the last frame was looked at from which `/healthz` answers 503.
    """

    listen: str = "127.0.0.1:9464"
    public: bool = False
    stale_after: float = 30.0


BOUNDS = {"stale_after": (1.0, 3600.0)}


def address(config: HealthConfig) -> tuple[str, int] | None:
    """The host and port to listen on; None for nowhere. Port 0 is any free one.

    Raises:
        ConfigError: `listen` is not an address with a port, or others can reach it and `public`
            is not set.
    """
    if not config.listen:
        return None
    form = _FORM.fullmatch(config.listen)
    host = (form["six"] or form["host"]) if form else ""
    port = int(form["port"]) if form else 0
    if form is None or not host or port > 65535 or (form["six"] and not _is_six(host)):
        raise ConfigError(
            f"health.listen = {config.listen!r}: is not an address with a port; write "
            "127.0.0.1:9464 or [::1]:9464, or nothing for no health port"
        )
    if not (is_loopback(host) or config.public):
        raise ConfigError(
            f"health.listen = {config.listen!r}: others can reach this address, and /metrics tells "
            "how many people were there; listen on 127.0.0.1, or set health.public = true"
        )
    return host, port


def is_loopback(host: str) -> bool:
    """Whether only this device can reach that host, a name or an address without brackets."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_six(host: str) -> bool:
    try:
        return ip_address(host).version == 6
    except ValueError:
        return False
