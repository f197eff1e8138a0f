"""Collecting values from a file, the environment and flags, each knowing where it is from."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

from edge.alerts.rule import RuleConfig
from edge.alerts.sinks.base import SinkConfig
from edge.alerts.sinks.kinds import KINDS
from edge.config.checking import config_of
from edge.config.sections import NAMED, Config
from edge.errors import ConfigError
from edge.labels import LABELS
from edge.message import one_line
from edge.toml_text import key_lines

ENVIRONMENT_PREFIX = "EDGE_RUN_"
# what a command sink tells the program it runs, which may well be another edge-run
TOLD_TO_COMMANDS = frozenset(
    f"{ENVIRONMENT_PREFIX}{name}" for name in ("ID", "INCIDENT", "KIND", "PURPOSE")
)
MOST = 1_000_000  # bytes of a file; a device or a log given by mistake must not fill the memory


def load(
    path: Path | None = None,
    environment: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
) -> Config:
    """Read the configuration.

    Args:
        path: A TOML file, if any.
        environment: `EDGE_RUN_CAMERA_SOURCE=1` and the like; the process's own if None.
        settings: From flags, by dotted key: `{"rules.anger.on": "0.7"}`.

    Raises:
        ConfigError: anything is unknown, of the wrong type or out of bounds; the message names
            the file and line, the variable or the flag.
    """
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    if path is not None:
        values, origin = read_file(path)
    environment = os.environ if environment is None else environment
    flags = settings or {}
    keys = _keys_by_variable(values, flags)
    given = {}
    for name, text in environment.items():
        if name.startswith(ENVIRONMENT_PREFIX) and name not in TOLD_TO_COMMANDS:
            given[_key_of_variable(name, keys)] = (one_line(name), text)
    given |= {key: (f"--set {one_line(key)}", text) for key, text in flags.items()}
    # types first, since how a sink's other keys are read depends on them
    for key, (where, text) in sorted(given.items(), key=lambda item: not item[0].endswith(".type")):
        _put(values, key, text, where)
        origin[key] = where
    return config_of(values, origin)


def read_file(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The file's values, and for each dotted key where it stands.

    Raises:
        ConfigError: it cannot be read or is not TOML.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST + 1)
        if len(content) > MOST:
            raise ConfigError(f"{path}: is larger than any configuration; check --config")
        text = content.decode("utf-8-sig").replace("\r\n", "\n")  # editors on Windows
        values = tomllib.loads(text)
    except OSError as error:
        advice = "check --config"
        if isinstance(error, PermissionError):
            advice = f"sudo chgrp video {path} && sudo chmod 640 {path} lets the service read it"
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); {advice}") from error
    except ConfigError:
        raise
    except (ValueError, RecursionError) as error:  # also of a number of thousands of digits
        raise ConfigError(f"{path}: is not TOML: {error}") from error
    return values, {key: f"{path}, line {line}" for key, line in key_lines(text).items()}


def _keys_by_variable(
    values: Mapping[str, Any], flags: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """What `EDGE_RUN_` variables are called without that prefix, in small letters, and set."""
    found: dict[str, tuple[str, ...]] = {}
    for key in _known_keys(_names("rules", values, flags), _names("sinks", values, flags)):
        name = key.replace(".", "_").replace("-", "_").lower()
        found[name] = (*found.get(name, ()), key)
    return found


def _names(table: str, values: Mapping[str, Any], flags: Iterable[str]) -> list[str]:
    """The rules or sinks that the file and the flags name."""
    written = values.get(table, {"anger": {}} if table == "rules" else {})
    told = [key.split(".")[1] for key in flags if key.startswith(f"{table}.")]
    return list(dict.fromkeys([*(written if isinstance(written, Mapping) else ()), *told]))


def _known_keys(rules: Iterable[str], sinks: Iterable[str]) -> list[str]:
    kinds = {name: kind for name, kind in get_type_hints(Config).items() if name not in NAMED}
    keys = [f"{name}.{key.name}" for name, kind in kinds.items() for key in fields(kind)]
    for rule in rules:
        keys += [f"rules.{rule}.{key.name}" for key in fields(RuleConfig) if key.name != "weights"]
        keys += [f"rules.{rule}.weights.{label}" for label in LABELS]
    # whatever their types, so that a key which a type does not have is refused with those it has
    of_sinks = dict.fromkeys(key.name for kind in KINDS.values() for key in fields(kind.config))
    return keys + [f"sinks.{sink}.{key}" for sink in sinks for key in of_sinks]


def _key_of_variable(name: str, keys: Mapping[str, tuple[str, ...]]) -> str:
    """`EDGE_RUN_RULES_ANGER_ON` is `rules.anger.on`."""
    meant = keys.get(name.removeprefix(ENVIRONMENT_PREFIX).lower(), ())
    if not meant:
        raise ConfigError(
            f"{one_line(name)}: no configuration key is spelled like that; see --print-config"
        )
    if len(meant) > 1:
        raise ConfigError(f"{name}: may mean {' or '.join(meant)}; say it by --set KEY=VALUE")
    return meant[0]


def _put(values: dict[str, Any], key: str, text: str, where: str) -> None:
    """Set a dotted key; the text is read as TOML where it is one, else taken as it stands."""
    *path, last = key.split(".")
    table = values
    if path and path[0] == "rules" and "rules" not in values:
        values["rules"] = {"anger": {}}  # the built-in rule, to be changed rather than replaced
    for part in path:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{where}: {one_line(part)} is not a table")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ConfigError(f"{where}: is not UTF-8")
    try:
        value = tomllib.loads(f"v = {text}")["v"]
    except (ValueError, RecursionError):
        value = text
    # camera 0 and a model folder named 1 are texts, whatever they look like
    table[last] = value if isinstance(value, str) or not _is_text(key, values) else text


def _is_text(key: str, values: Mapping[str, Any]) -> bool:
    """Whether a dotted key holds text."""
    section, _, rest = key.partition(".")
    name, _, last = rest.rpartition(".")
    kind: Any = RuleConfig if section == "rules" else get_type_hints(Config).get(section)
    if section == "sinks":
        table = values.get(section, {}).get(name)
        told = table.get("type") if isinstance(table, Mapping) else None
        kind = KINDS[told].config if isinstance(told, str) and told in KINDS else SinkConfig
    return kind is not None and get_type_hints(kind).get(last) is str
