"""`edge-run --check-config`: everything that can be known of a configuration before it is used.

Nothing is opened that others would notice: no camera, no connection, no port.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

from edge.alerts.place import outbox_path
from edge.alerts.sinks.base import SinkConfig
from edge.alerts.sinks.kinds import KINDS
from edge.config import Config
from edge.config.reading import read_file
from edge.config.secret import (
    given_by_systemd,
    is_literal,
    is_reference,
    resolve,
    resolved_table,
    secret_values,
    told_of,
)
from edge.config.sections import tables
from edge.errors import ConfigError
from edge.health.config import address
from edge.message import one_line, without_password
from edge.watch import check_rules, load_configured


def check_config(config: Config, path: Path | None) -> None:
    """Print what the configuration amounts to.

    Args:
        config: As loaded, its secrets not yet looked up.
        path: The file it was loaded from, if any.

    Raises:
        ConfigError, ModelError: something in it can never work.
    """
    wrong: list[str] = []
    for line in (*_watched(config), *_sinks(config, wrong), *_service(config, wrong)):
        print(one_line(line))
    for line in (*_credentials(config, wrong), *_warnings(config, path)):
        print(one_line(line))
    if wrong:
        raise ConfigError("; ".join(wrong))
    print(one_line(f"configuration: {path or 'built-in values'}: good"))


def _watched(config: Config) -> Iterator[str]:
    model = load_configured(config)
    check_rules(config, model)
    rules = ", ".join(
        f"{name} ({rule.label} at {rule.on:g} for {rule.seconds:g} s)"
        for name, rule in config.rules.items()
    )
    yield f"model: {model.path} on {model.runtime}: hash agrees with {model.card.path.name}"
    yield f"camera: {config.camera.source} (not opened)"
    yield f"rules: {rules or 'none: nothing will be raised'}"


def _sinks(config: Config, wrong: list[str]) -> Iterator[str]:
    for name, sink in config.sinks.items():
        yield f"sink {name}: {sink.type}{_where_to(sink)} (nothing sent)"
        if missing := KINDS[sink.type].missing():
            wrong.append(f"sinks.{name}: {missing}")
        _try_to_make(name, sink, wrong)
    if not config.sinks:
        yield "sinks: none: alerts are only logged"


def _where_to(sink: SinkConfig) -> str:
    """What was set of its own keys; of secrets what may be told."""
    hidden = dict(secret_values("", sink))
    common = {key.name for key in fields(SinkConfig)}
    told = []
    for key in fields(sink):
        value: Any = getattr(sink, key.name)
        if key.name in common or value in ("", (), key.default):
            continue
        show = told_of if key.name in hidden else str
        shown = " ".join(map(show, value)) if isinstance(value, tuple) else show(value)
        told.append(f" {key.name} = {without_password(shown)}")
    return ",".join(told)


def _try_to_make(name: str, sink: SinkConfig, wrong: list[str]) -> None:
    try:
        plain = resolved_table(f"sinks.{name}", sink)
    except ConfigError:
        return  # told of with the credentials
    try:
        with closing(KINDS[sink.type].make(name, plain, "check")):
            pass
    except ConfigError as error:
        wrong.append(str(error))


def _service(config: Config, wrong: list[str]) -> Iterator[str]:
    yield f"outbox: {outbox_path(config.outbox.path)}"
    try:
        place = address(config.health)
        yield "health: " + ("off" if place is None else f"http://{config.health.listen}/healthz")
    except ConfigError as error:
        wrong.append(str(error))
    if config.snapshots.enabled:
        blurred = "blurred" if config.snapshots.blur else "NOT blurred"
        yield f"snapshots: {blurred}, kept for {config.snapshots.days:g} days"


def _credentials(config: Config, wrong: list[str]) -> Iterator[str]:
    """Whether each reference leads to a secret."""
    for key, text in _secrets(config):
        if not is_reference(text):
            continue
        if given_by_systemd(text):
            yield f"{key}: {text}: cannot be checked by hand; systemd gives it to the service"
            continue
        try:
            resolve(text)
            yield f"{key}: {text}: can be read"
        except ConfigError as error:
            wrong.append(f"{key}: {error}")


def _warnings(config: Config, path: Path | None) -> Iterator[str]:
    """Secrets in a file that everybody may read."""
    if path is None or not path.stat().st_mode & stat.S_IROTH:
        return
    values, _ = read_file(path)
    literal = [
        key
        for key, text in _secrets(config)
        if is_literal(text)
        and (key != "camera.source" or without_password(text) != text)
        and text in _texts(values, key)
    ]
    if literal:
        yield (
            f"warning: {path} can be read by every user and holds {', '.join(literal)}; "
            f"chmod o-r {path}, or write credential:NAME there"
        )


def _secrets(config: Config) -> Iterator[tuple[str, str]]:
    """By dotted key, every text where a secret may stand."""
    for name, table in tables(config):
        for key, value in secret_values(name, table):
            for text in value if isinstance(value, tuple) else (value,):
                yield f"{name}.{key}", text


def _texts(values: Any, key: str) -> list[Any]:
    """The value, or the values of the list, that a file has under a dotted key."""
    for part in key.split("."):
        values = values.get(part, {}) if isinstance(values, dict) else {}
    return values if isinstance(values, list) else [values]
