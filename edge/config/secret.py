"""Secrets: found where a reference says, and masked wherever a configuration is shown."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from edge.config.sections import NAMED, Config, tables
from edge.errors import ConfigError
from edge.message import without_password

Table = TypeVar("Table")

MASK = "***"
MOST = 65536  # bytes; no password is longer, and a device given by mistake has no end
_CREDENTIAL, _FILE = "credential:", "file:/"
FOLDER = Path("/etc/edge-run/credentials")  # for root who tries something by hand
_LOADED = ("", "secret_")  # by LoadCredential=NAME:FILE, and by LoadCredential=secret:FOLDER
_WEB = ("http", "https")


def resolve(text: str) -> str:
    """The value that a text refers to, or the text itself.

    Args:
        text: `credential:NAME` for what systemd's LoadCredential passes on, and by hand for what
            root finds in /etc/edge-run/credentials; `file:/path` for what
            a file holds, each without its trailing newline; anything else is the value.

    Raises:
        ConfigError: there is no such credential or file, or it is empty; the message says what to
            do.
    """
    if text.startswith(_CREDENTIAL):
        return _credential(text.removeprefix(_CREDENTIAL))
    if text.startswith(_FILE):
        path = Path("/" + text.removeprefix(_FILE).lstrip("/"))
        return _content(path, f"{text}: ", f"the secret must stand in {path}")
    return text


def is_reference(text: str) -> bool:
    """Whether `resolve` looks elsewhere for the value."""
    return text.startswith((_CREDENTIAL, _FILE))


def given_by_systemd(text: str) -> bool:
    """Whether it refers to a credential that only the service can read, not who tries by hand."""
    by_hand = not os.environ.get("CREDENTIALS_DIRECTORY")
    return text.startswith(_CREDENTIAL) and by_hand and not os.access(FOLDER, os.X_OK)


def resolved(config: Config) -> Config:
    """The same configuration with the values in place of all references; never to be shown.

    Raises:
        ConfigError: a reference leads nowhere; the message names its key.
    """
    sections = {
        section.name: resolved_table(section.name, getattr(config, section.name))
        for section in fields(config)
        if section.name not in NAMED
    }
    sinks = {name: resolved_table(f"sinks.{name}", sink) for name, sink in config.sinks.items()}
    return replace(config, sinks=sinks, **sections)


def resolved_table(name: str, table: Table) -> Table:
    """One table with the values in place of its references.

    Args:
        name: Dotted, for the message: `sinks.desk`.
        table: The section's dataclass.
    """
    made: Any = table
    found = {key: _each(f"{name}.{key}", value) for key, value in secret_values(name, made)}
    result: Table = replace(made, **found)
    return result


def secret_values(name: str, table: Any) -> Iterator[tuple[str, Any]]:
    """Keys of a table whose values, a text or a tuple of texts, may be references."""
    for key in fields(table):
        if key.metadata.get("secret") or (name, key.name) == ("camera", "source"):
            yield key.name, getattr(table, key.name)


def masked(config: Config) -> dict[str, Any]:
    """All values by table, fit to be shown: references as they are, secrets themselves as `***`.

    Passwords in addresses are masked wherever they stand.
    """
    shown: dict[str, Any] = {section.name: {} for section in fields(config)}
    for name, table in tables(config):
        section, _, inner = name.partition(".")
        place = shown[section].setdefault(inner, {}) if inner else shown[section]
        place |= masked_table(table)
    return shown


def masked_table(table: Any) -> dict[str, Any]:
    """One table's values, fit to be shown."""
    hidden = {key.name for key in fields(table) if key.metadata.get("secret")}
    return {key: _masked(value, key in hidden) for key, value in asdict(table).items()}


def told_of(text: str) -> str:
    """What may be told of a secret: of a web address its host, of others their scheme."""
    if not text or is_reference(text):
        return text
    scheme, separator, _ = text.partition("://")
    if not separator or not scheme.isalnum():
        return MASK
    try:
        address = urlsplit(text)
        place = f"{address.hostname}:{address.port}" if address.port else address.hostname
    except ValueError:  # half an IPv6 address, or a port that is none
        place = None
    # of others, such as tgram://, the host is the secret
    return f"{scheme}://{place}/{MASK}" if place and scheme in _WEB else f"{scheme}://{MASK}"


def is_literal(text: str) -> bool:
    """Whether a text in a key for secrets is one itself."""
    return bool(text) and not is_reference(text)


def _credential(name: str) -> str:
    advice = (
        f"put the secret into /etc/edge-run/credentials/{name}, readable by root only, and restart "
        "the service"
    )
    if not name or "/" in name or name in {".", ".."}:
        raise ConfigError(f"credential:{name}: is not a name of a credential; e.g. credential:desk")
    folder = os.environ.get("CREDENTIALS_DIRECTORY") or FOLDER
    # a whole folder, as the shipped unit loads it, arrives under the prefix that it gives
    found = next((path for each in _LOADED if (path := Path(folder, each + name)).exists()), None)
    return _content(found or Path(folder, name), f"credential:{name}: ", advice)


def _content(path: Path, where: str, advice: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST + 1)
        text = content.decode().rstrip("\r\n")
    except OSError as error:
        raise ConfigError(f"{where}cannot be read ({error.strerror}); {advice}") from error
    except ValueError as error:  # a NUL in the path, or what is no text
        raise ConfigError(f"{where}is not text; {advice}") from error
    if not text.strip() or len(content) > MOST:
        raise ConfigError(f"{where}{'is too long' if text.strip() else 'is empty'}; {advice}")
    return text


def _each(key: str, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_each(key, text) for text in value)
    try:
        return resolve(value)
    except ConfigError as error:
        raise ConfigError(f"{key}: {error}") from error


def _masked(value: Any, hidden: bool) -> Any:
    if isinstance(value, tuple):
        return tuple(_masked(each, hidden) for each in value)
    if not isinstance(value, str):
        return value
    return MASK if hidden and is_literal(value) else without_password(value)
