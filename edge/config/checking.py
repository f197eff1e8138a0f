"""From nested values, as TOML gives them, to a `Config`; or to one line that says what is wrong."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, get_type_hints

from edge.alerts.rule import RuleConfig
from edge.alerts.sinks.base import SinkConfig
from edge.alerts.sinks.kinds import KINDS
from edge.config.limits import bounds_of, choices_of, number
from edge.config.sections import Config
from edge.errors import ConfigError

Origin = Mapping[str, str]  # by dotted key: the file and line, the variable or the flag it is from

TEXTS = tuple[str, ...]
_TYPES = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
    TEXTS: 'a list of texts, ["a", "b"]',
}


def config_of(values: Mapping[str, Any], origin: Origin) -> Config:
    """Check all values and make them a `Config`.

    Raises:
        ConfigError: anything is unknown, missing, of the wrong type or out of bounds.
    """
    kinds = get_type_hints(Config)
    sections: dict[str, Any] = {}
    for name, value in values.items():
        if name not in kinds:
            raise ConfigError(
                at(origin, name) + f"unknown table or key {name!r}; see --print-config"
            )
        table = _table(name, value, origin)
        if name == "rules":
            sections[name] = {rule: _rule(rule, table[rule], origin) for rule in table}
        elif name == "sinks":
            sections[name] = {sink: _sink(sink, table[sink], origin) for sink in table}
        else:
            sections[name] = _section(kinds[name], name, table, origin)
    return Config(**sections)


def at(origin: Origin, *keys: str) -> str:
    """Where the first of these keys that is known to stand somewhere stands, with a colon."""
    for key in keys:
        if key in origin:
            return f"{origin[key]}: "
    return ""


def _rule(name: str, table: Any, origin: Origin) -> RuleConfig:
    _check_name("rule", name, origin)
    where = f"rules.{name}"
    rule: RuleConfig = _section(RuleConfig, where, table, origin)
    if rule.off > rule.on:
        raise ConfigError(
            at(origin, f"{where}.off", f"{where}.on", where)
            + f"{where}: off = {rule.off:g} must not be above on = {rule.on:g}"
        )
    return rule


def _sink(name: str, table: Any, origin: Origin) -> SinkConfig:
    _check_name("sink", name, origin)
    where = f"sinks.{name}"
    if "type" not in _table(where, table, origin):
        raise ConfigError(
            at(origin, where) + f"[{where}] has no type; give it one of {', '.join(KINDS)}"
        )
    kind = table["type"]
    if not isinstance(kind, str) or kind not in KINDS:
        raise ConfigError(
            at(origin, f"{where}.type", where)
            + f"{where}.type = {_shown(kind)}: must be one of {', '.join(KINDS)}"
        )
    sink: SinkConfig = _section(KINDS[kind].config, where, table, origin)
    return sink


def _check_name(what: str, name: str, origin: Origin) -> None:
    if not re.fullmatch(r"[\w-]+", name):  # a dot would make its keys ambiguous
        raise ConfigError(
            at(origin, f"{what}s.{name}", f"{what}s")
            + f"a {what} cannot be named {name!r}; use letters, digits, - and _"
        )


def _table(name: str, value: Any, origin: Origin) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(at(origin, name) + f"{name} is a table: write [{name}]")
    return value


def _section(kind: Any, name: str, table: Any, origin: Origin) -> Any:
    hints, known = get_type_hints(kind), {key.name: key for key in fields(kind)}
    values = {}
    for key, value in _table(name, table, origin).items():
        if key not in known:
            raise ConfigError(
                at(origin, f"{name}.{key}", name)
                + f"unknown key {key!r} in [{name}]; known: {', '.join(known)}"
            )
        values[key] = _value(kind, known[key], hints[key], f"{name}.{key}", value, origin)
    for key, each in known.items():
        if key not in values and each.default is MISSING and each.default_factory is MISSING:
            raise ConfigError(at(origin, name) + f"[{name}] has no {key}, and must have it")
    try:
        return kind(**values)
    except ConfigError as error:  # keys that do not fit together, or a text in no known form
        raise ConfigError(at(origin, name) + f"[{name}] {error}") from error


def _value(kind: Any, key: Field[Any], hint: Any, dotted: str, value: Any, origin: Origin) -> Any:
    """Check one value's type and bounds."""
    if hint not in _TYPES:
        return _weights(kind, dotted, value, origin)
    shown = "***" if key.metadata.get("secret") else _shown(value)
    where = at(origin, dotted, dotted.rpartition(".")[0]) + f"{dotted} = {shown}"
    if hint is float and type(value) is int:
        value = float(value) if abs(value) < 2**63 else math.inf
    if hint == TEXTS and isinstance(value, list) and all(type(text) is str for text in value):
        value = tuple(value)
    if type(value) is not (tuple if hint == TEXTS else hint):
        raise ConfigError(f"{where}: must be {_TYPES[hint]}")
    low, high = bounds_of(kind).get(key.name, (-math.inf, math.inf))
    if isinstance(value, (int, float)) and not low <= value <= high:
        raise ConfigError(f"{where}: must lie in {number(low)} to {number(high)}")
    allowed = choices_of(kind).get(key.name)
    if allowed and not set(value if hint == TEXTS else [value]) <= set(allowed):
        each = "each must be" if hint == TEXTS else "must be"
        known = ", ".join(text or '""' for text in allowed)
        raise ConfigError(f"{where}: {each} one of {known}")
    return value


def _weights(kind: Any, key: str, value: Any, origin: Origin) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise ConfigError(at(origin, key) + f"{key} is a table: {{ angry = 1.0, disgust = 0.5 }}")
    labels = choices_of(kind)["emotion"]
    low, high = bounds_of(kind)["weights.*"]
    weights = {}
    for emotion, weight in value.items():
        where = at(origin, f"{key}.{emotion}", key)
        if emotion not in labels:
            known = ", ".join(labels)
            raise ConfigError(where + f"{key}: unknown emotion {emotion!r}; known: {known}")
        if type(weight) not in (int, float) or not low <= weight <= high:
            raise ConfigError(
                where + f"{key}.{emotion} = {_shown(weight)}: "
                f"must lie in {number(low)} to {number(high)}"
            )
        weights[emotion] = float(weight)
    return weights


def _shown(value: Any) -> str:
    try:
        return json.dumps(value, default=str)
    except (ValueError, RecursionError):  # thousands of digits, or of tables in each other
        return "..."
