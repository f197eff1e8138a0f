"""Extra request headers from the configuration; nothing that could end a header gets into one."""

from __future__ import annotations

import re
from collections.abc import Iterable

from edge.errors import ConfigError

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")
OURS = ("connection", "content-length", "content-type", "host", "transfer-encoding", "user-agent")


def is_value(text: str) -> bool:
    """Whether a header can carry the text: printable ASCII, so neither CR nor LF."""
    return _VALUE.fullmatch(text) is not None


def read_headers(lines: Iterable[str]) -> dict[str, str]:
    """`("X-Token: 123",)` as `{"X-Token": "123"}`.

    Raises:
        ConfigError: a line is no header, or one that is not the operator's to set; the message
            gives its place and its name, never its value.
    """
    headers: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name):
            raise ConfigError(f'headers, number {number}: write it as "Name: value"')
        if not is_value(value.strip(" ")):
            raise ConfigError(f"headers, {name}: its value must be printable ASCII on one line")
        if name.lower() in OURS or name.lower().startswith("webhook-"):
            raise ConfigError(f"headers, {name}: edge-run sets this one itself; remove it")
        if name.lower() in map(str.lower, headers):
            raise ConfigError(f"headers, {name}: is there twice; remove one")
        headers[name] = value.strip(" ")
    return headers
